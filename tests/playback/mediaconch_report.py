"""MediaConch in a process of its own: mediaconch_report.py FILE... → its complaints as JSON."""

import json
import sys


def main() -> None:
    """Check each file and print [{"file": …, "context": …, "value": …}]."""
    import mediaconch

    complaints = []
    for path in sys.argv[1:]:
        checker = mediaconch.MediaConch()
        checker.add_report(mediaconch.Report.mediaconch)
        checker.set_format(mediaconch.Format.json)
        checker.set_implementation_verbosity(5)
        report = json.loads(checker.get_report(checker.add_file(path)))
        complaints += [
            {"file": path, "context": value["context"], "value": value["value"]}
            for media in report["MediaConch"]["media"]
            for checks in media["implementationChecks"]
            for check in checks.get("checks", ())
            for test in check["tests"]
            if test["outcome"] != "pass"
            for value in test["values"]
        ]
    print(json.dumps(complaints))


if __name__ == "__main__":
    main()
