"""Commands that have to succeed."""

import subprocess


def run(*command, **options):
    """What it said; fails with that if it fails."""
    ran = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, **options)
    assert ran.returncode == 0, f"{command}:\n{ran.stdout}"
    return ran.stdout
