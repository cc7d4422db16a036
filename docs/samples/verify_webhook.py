"""Whether a message is ours: its signature is by your secret, and it is of now. Deduplicate by id afterwards."""
import base64, hashlib, hmac, sys, time


def verify(secret: str, id: str, timestamp: str, signatures: str, body: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{id}.{timestamp}.".encode() + body
    due = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(timestamp)) <= 300
    return fresh and any(hmac.compare_digest(due, given) for given in signatures.split(" "))


if __name__ == "__main__":
    print(str(verify(*sys.argv[1:5], sys.stdin.buffer.read())).lower())
