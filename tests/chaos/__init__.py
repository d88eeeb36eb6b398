"""Real processes in real trouble.

paused_holders.py is the headline test of fencing (./dev fencing), trouble.py the long one of
everything at once (./dev chaos). Both end by themselves, say what they did and what they found, and
leave nothing behind.
"""
