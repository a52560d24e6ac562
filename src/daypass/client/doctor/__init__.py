"""What may be wrong between a profile and working credentials, looked at and never touched.

    examination.py     the ordered list of checks, and what each is given
    finding.py         code, severity, sentence, the command that mends it
    sight.py           the only file that opens connections, each bounded in time

One file per check. Laws: nothing is written, repaired, renewed or unlocked; no finding holds a secret, so the whole
may be pasted into a ticket; whatever waits for somebody else waits five seconds at most.
"""
