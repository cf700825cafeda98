"""Contains all the data models used in inputs/outputs"""

from .action import Action
from .add_to_upload_tus_resumable import AddToUploadTusResumable
from .address_in import AddressIn
from .addresses_out import AddressesOut
from .alive import Alive
from .api_key_in import ApiKeyIn
from .api_key_made import ApiKeyMade
from .api_key_out import ApiKeyOut
from .api_key_page import ApiKeyPage
from .api_key_patch import ApiKeyPatch
from .artifact_out import ArtifactOut
from .artifact_out_attributes import ArtifactOutAttributes
from .artifact_page import ArtifactPage
from .asset_created import AssetCreated
from .asset_out import AssetOut
from .asset_out_media_type_0 import AssetOutMediaType0
from .asset_out_state import AssetOutState
from .asset_page import AssetPage
from .asset_patch import AssetPatch
from .brand_create import BrandCreate
from .brand_kit_out import BrandKitOut
from .brand_kit_put import BrandKitPut
from .brand_out import BrandOut
from .brand_page import BrandPage
from .brand_patch import BrandPatch
from .breach_out import BreachOut
from .call_to_action import CallToAction
from .choose_in import ChooseIn
from .code_in import CodeIn
from .colleague_in import ColleagueIn
from .colleague_out import ColleagueOut
from .colleague_page import ColleaguePage
from .colour import Colour
from .colour_role import ColourRole
from .comment_in import CommentIn
from .comment_out import CommentOut
from .comment_out_decision_type_0 import CommentOutDecisionType0
from .comment_page import CommentPage
from .confirm_in import ConfirmIn
from .corner import Corner
from .create_upload_tus_resumable import CreateUploadTusResumable
from .decision_in import DecisionIn
from .decision_in_decision import DecisionInDecision
from .delete_in import DeleteIn
from .delivery_out import DeliveryOut
from .delivery_out_state import DeliveryOutState
from .delivery_page import DeliveryPage
from .direct_upload_create import DirectUploadCreate
from .direct_upload_end import DirectUploadEnd
from .direct_upload_out import DirectUploadOut
from .direct_upload_out_headers import DirectUploadOutHeaders
from .dollars_out import DollarsOut
from .email_in import EmailIn
from .ended_out import EndedOut
from .entry_out import EntryOut
from .entry_out_targets import EntryOutTargets
from .entry_page import EntryPage
from .export_audit_entries_format import ExportAuditEntriesFormat
from .field_problem import FieldProblem
from .finish_oidc_provider import FinishOidcProvider
from .identity_out import IdentityOut
from .identity_page import IdentityPage
from .import_create import ImportCreate
from .import_out import ImportOut
from .import_out_error_type_0 import ImportOutErrorType0
from .import_out_state import ImportOutState
from .import_page import ImportPage
from .invitation_in import InvitationIn
from .invitation_out import InvitationOut
from .invitation_page import InvitationPage
from .invitation_read_out import InvitationReadOut
from .invitation_sign_up_in import InvitationSignUpIn
from .invited_out import InvitedOut
from .jwks_out import JwksOut
from .jwks_out_keys_item import JwksOutKeysItem
from .language_models_out import LanguageModelsOut
from .link_identity_provider import LinkIdentityProvider
from .link_in import LinkIn
from .link_out import LinkOut
from .list_assets_kind_type_0 import ListAssetsKindType0
from .list_assets_state_type_0 import ListAssetsStateType0
from .list_assets_trashed import ListAssetsTrashed
from .list_deliveries_state_type_0 import ListDeliveriesStateType0
from .list_reviews_state_type_0 import ListReviewsStateType0
from .list_runs_state_type_0 import ListRunsStateType0
from .logo import Logo
from .logo_variant import LogoVariant
from .look_at_upload_tus_resumable import LookAtUploadTusResumable
from .maker_out import MakerOut
from .me_in import MeIn
from .me_out import MeOut
from .member_out import MemberOut
from .member_page import MemberPage
from .member_patch import MemberPatch
from .membership_out import MembershipOut
from .mp_4_out import Mp4Out
from .offer_in import OfferIn
from .offer_out import OfferOut
from .open_out import OpenOut
from .organisation_in import OrganisationIn
from .organisation_out import OrganisationOut
from .organisation_page import OrganisationPage
from .organisation_role import OrganisationRole
from .passkey_in import PasskeyIn
from .passkey_in_credential import PasskeyInCredential
from .passkey_name_in import PasskeyNameIn
from .passkey_options_out import PasskeyOptionsOut
from .passkey_options_out_options import PasskeyOptionsOutOptions
from .passkey_out import PasskeyOut
from .passkey_sign_in_in import PasskeySignInIn
from .passkey_sign_in_in_credential import PasskeySignInInCredential
from .passkeys_out import PasskeysOut
from .password_in import PasswordIn
from .picture_out import PictureOut
from .playback_out import PlaybackOut
from .problem import Problem
from .proof_and_code_in import ProofAndCodeIn
from .proof_in import ProofIn
from .providers_out import ProvidersOut
from .publication_out import PublicationOut
from .ready import Ready
from .ready_slots import ReadySlots
from .recovery_codes_out import RecoveryCodesOut
from .refresh_in import RefreshIn
from .remove_upload_tus_resumable import RemoveUploadTusResumable
from .replay_since import ReplaySince
from .replayed_out import ReplayedOut
from .reset_in import ResetIn
from .review_asset_out import ReviewAssetOut
from .review_create import ReviewCreate
from .review_out import ReviewOut
from .review_out_state import ReviewOutState
from .review_page import ReviewPage
from .review_patch import ReviewPatch
from .review_person_out import ReviewPersonOut
from .role import Role
from .rule import Rule
from .run_create import RunCreate
from .run_create_priority import RunCreatePriority
from .run_detail import RunDetail
from .run_detail_priority import RunDetailPriority
from .run_detail_state import RunDetailState
from .run_out import RunOut
from .run_out_priority import RunOutPriority
from .run_out_state import RunOutState
from .run_page import RunPage
from .run_patch import RunPatch
from .run_patch_priority import RunPatchPriority
from .second_factor_needed_out import SecondFactorNeededOut
from .second_factor_out import SecondFactorOut
from .seed_out import SeedOut
from .session_out import SessionOut
from .sessions_out import SessionsOut
from .sign_in_in import SignInIn
from .sign_up_in import SignUpIn
from .signed_in_out import SignedInOut
from .source_address_out import SourceAddressOut
from .stage_list import StageList
from .stage_out import StageOut
from .stage_out_error_type_0 import StageOutErrorType0
from .start_oidc_provider import StartOidcProvider
from .stored_out import StoredOut
from .tenant_delete_in import TenantDeleteIn
from .tenant_export_detail import TenantExportDetail
from .tenant_export_detail_error_type_0 import TenantExportDetailErrorType0
from .tenant_export_detail_state import TenantExportDetailState
from .tenant_export_out import TenantExportOut
from .tenant_export_out_error_type_0 import TenantExportOutErrorType0
from .tenant_export_out_state import TenantExportOutState
from .tenant_export_page import TenantExportPage
from .tenant_in import TenantIn
from .tenant_out import TenantOut
from .tenant_page import TenantPage
from .tenant_patch import TenantPatch
from .term import Term
from .term_translations import TermTranslations
from .text_check_in import TextCheckIn
from .text_check_out import TextCheckOut
from .ticket_in import TicketIn
from .tokens_out import TokensOut
from .upload_out import UploadOut
from .usage_out import UsageOut
from .watermark import Watermark
from .webhook_create import WebhookCreate
from .webhook_create_kinds_item import WebhookCreateKindsItem
from .webhook_out import WebhookOut
from .webhook_out_state import WebhookOutState
from .webhook_page import WebhookPage
from .webhook_patch import WebhookPatch
from .webhook_patch_kinds_type_0_item import WebhookPatchKindsType0Item
from .webhook_patch_state_type_0 import WebhookPatchStateType0
from .webhook_secret_out import WebhookSecretOut

__all__ = (
    "Action",
    "AddressesOut",
    "AddressIn",
    "AddToUploadTusResumable",
    "Alive",
    "ApiKeyIn",
    "ApiKeyMade",
    "ApiKeyOut",
    "ApiKeyPage",
    "ApiKeyPatch",
    "ArtifactOut",
    "ArtifactOutAttributes",
    "ArtifactPage",
    "AssetCreated",
    "AssetOut",
    "AssetOutMediaType0",
    "AssetOutState",
    "AssetPage",
    "AssetPatch",
    "BrandCreate",
    "BrandKitOut",
    "BrandKitPut",
    "BrandOut",
    "BrandPage",
    "BrandPatch",
    "BreachOut",
    "CallToAction",
    "ChooseIn",
    "CodeIn",
    "ColleagueIn",
    "ColleagueOut",
    "ColleaguePage",
    "Colour",
    "ColourRole",
    "CommentIn",
    "CommentOut",
    "CommentOutDecisionType0",
    "CommentPage",
    "ConfirmIn",
    "Corner",
    "CreateUploadTusResumable",
    "DecisionIn",
    "DecisionInDecision",
    "DeleteIn",
    "DeliveryOut",
    "DeliveryOutState",
    "DeliveryPage",
    "DirectUploadCreate",
    "DirectUploadEnd",
    "DirectUploadOut",
    "DirectUploadOutHeaders",
    "DollarsOut",
    "EmailIn",
    "EndedOut",
    "EntryOut",
    "EntryOutTargets",
    "EntryPage",
    "ExportAuditEntriesFormat",
    "FieldProblem",
    "FinishOidcProvider",
    "IdentityOut",
    "IdentityPage",
    "ImportCreate",
    "ImportOut",
    "ImportOutErrorType0",
    "ImportOutState",
    "ImportPage",
    "InvitationIn",
    "InvitationOut",
    "InvitationPage",
    "InvitationReadOut",
    "InvitationSignUpIn",
    "InvitedOut",
    "JwksOut",
    "JwksOutKeysItem",
    "LanguageModelsOut",
    "LinkIdentityProvider",
    "LinkIn",
    "LinkOut",
    "ListAssetsKindType0",
    "ListAssetsStateType0",
    "ListAssetsTrashed",
    "ListDeliveriesStateType0",
    "ListReviewsStateType0",
    "ListRunsStateType0",
    "Logo",
    "LogoVariant",
    "LookAtUploadTusResumable",
    "MakerOut",
    "MeIn",
    "MemberOut",
    "MemberPage",
    "MemberPatch",
    "MembershipOut",
    "MeOut",
    "Mp4Out",
    "OfferIn",
    "OfferOut",
    "OpenOut",
    "OrganisationIn",
    "OrganisationOut",
    "OrganisationPage",
    "OrganisationRole",
    "PasskeyIn",
    "PasskeyInCredential",
    "PasskeyNameIn",
    "PasskeyOptionsOut",
    "PasskeyOptionsOutOptions",
    "PasskeyOut",
    "PasskeySignInIn",
    "PasskeySignInInCredential",
    "PasskeysOut",
    "PasswordIn",
    "PictureOut",
    "PlaybackOut",
    "Problem",
    "ProofAndCodeIn",
    "ProofIn",
    "ProvidersOut",
    "PublicationOut",
    "Ready",
    "ReadySlots",
    "RecoveryCodesOut",
    "RefreshIn",
    "RemoveUploadTusResumable",
    "ReplayedOut",
    "ReplaySince",
    "ResetIn",
    "ReviewAssetOut",
    "ReviewCreate",
    "ReviewOut",
    "ReviewOutState",
    "ReviewPage",
    "ReviewPatch",
    "ReviewPersonOut",
    "Role",
    "Rule",
    "RunCreate",
    "RunCreatePriority",
    "RunDetail",
    "RunDetailPriority",
    "RunDetailState",
    "RunOut",
    "RunOutPriority",
    "RunOutState",
    "RunPage",
    "RunPatch",
    "RunPatchPriority",
    "SecondFactorNeededOut",
    "SecondFactorOut",
    "SeedOut",
    "SessionOut",
    "SessionsOut",
    "SignedInOut",
    "SignInIn",
    "SignUpIn",
    "SourceAddressOut",
    "StageList",
    "StageOut",
    "StageOutErrorType0",
    "StartOidcProvider",
    "StoredOut",
    "TenantDeleteIn",
    "TenantExportDetail",
    "TenantExportDetailErrorType0",
    "TenantExportDetailState",
    "TenantExportOut",
    "TenantExportOutErrorType0",
    "TenantExportOutState",
    "TenantExportPage",
    "TenantIn",
    "TenantOut",
    "TenantPage",
    "TenantPatch",
    "Term",
    "TermTranslations",
    "TextCheckIn",
    "TextCheckOut",
    "TicketIn",
    "TokensOut",
    "UploadOut",
    "UsageOut",
    "Watermark",
    "WebhookCreate",
    "WebhookCreateKindsItem",
    "WebhookOut",
    "WebhookOutState",
    "WebhookPage",
    "WebhookPatch",
    "WebhookPatchKindsType0Item",
    "WebhookPatchStateType0",
    "WebhookSecretOut",
)
