"""How often a password is hashed: a person's often, a generated one as seldom as can be."""
import contextlib
import re

import keystone.conf

# Underpin's own: 190 random bits. One in three hundred lacks a digit or a case, and is hashed like a person's; so is the
# digest of a word, which has one case alone.
GENERATED = re.compile(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9]{32}")
# bcrypt's least.
FEWEST_ROUNDS = 4


@contextlib.contextmanager
def hashed_for(password):
    """What is inside hashes this password. Many rounds keep a person's from being guessed, and cost a quarter of a second
    of processor time at each login. Nobody guesses a generated one, however fast a guess is checked."""
    conf = keystone.conf.CONF
    # bcrypt_sha256 with fewer than ten rounds cannot be verified (keystone 27).
    bcrypt = conf.identity.password_hash_algorithm == "bcrypt"
    generated = bcrypt and GENERATED.fullmatch(password) is not None
    if generated:
        conf.set_override("password_hash_rounds", FEWEST_ROUNDS, group="identity")
    try:
        yield
    finally:
        if generated:
            conf.clear_override("password_hash_rounds", group="identity")
