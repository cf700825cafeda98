/** A typed client of Brand Automator's API. What it takes and answers is in `schema.ts`. */

import createClient, { type Client } from "openapi-fetch";

import type { components, operations, paths } from "./schema.js";

export type { components, operations, paths };

/** Why a request was not answered otherwise (RFC 9457); `code` is meant for programs. */
export type Problem = components["schemas"]["Problem"];

/** Operations by their method and path, as `openapi-fetch` has them. */
export type Automator = Client<paths>;

export interface Options {
  /** Where the installation is: `https://automator.example`. */
  baseUrl: string;
  /** An access token or an API key. Browsers that have signed in leave it out. */
  token?: string;
}

/** A client of one installation. */
export function connect({ baseUrl, token }: Options): Automator {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return createClient<paths>({ baseUrl, headers });
}

/** What is thrown for a problem. */
export class Refused extends Error {
  override readonly name = "Refused";

  constructor(
    readonly problem: Problem,
    readonly response: Response,
  ) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
  }
}

/** The data of an answer; throws `Refused` for a problem, and an Error for what is none of ours. */
export function wanted<Data>(answer: {
  data?: Data;
  error?: unknown;
  response: Response;
}): Data {
  if (answer.response.ok) {
    return answer.data as Data;
  }
  if (answer.response.headers.get("content-type")?.startsWith("application/problem+json")) {
    throw new Refused(answer.error as Problem, answer.response);
  }
  throw new Error(`${answer.response.status} ${answer.response.statusText}`);
}
