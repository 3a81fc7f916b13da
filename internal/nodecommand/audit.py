import collections, glob, json, sys

path, count, word = sys.argv[1], int(sys.argv[2]), sys.argv[3]
latest = collections.deque(maxlen=count)
# Older files have their time in their name: audit-2026-11-26T03-00-00.000.log.
for name in sorted(glob.glob(path[:-4] + "-*.log")) + [path]:
    with open(name, errors="replace") as log:
        for text in log:
            try:
                e = json.loads(text)
            except ValueError:
                continue  # the last line is being written
            o = e.get("objectRef", {})
            target = "/".join(filter(None, (o.get("namespace"), o.get("resource"), o.get("name"), o.get("subresource")))) or e["requestURI"]
            line = " ".join((
                e["requestReceivedTimestamp"][:19] + "Z", str(e.get("responseStatus", {}).get("code", "-")),
                e["user"].get("username", "-"), e["verb"], target, ",".join(e.get("sourceIPs", [])), e.get("userAgent", "").split(" ")[0]))
            if word in line:
                latest.append("".join(c if c.isprintable() else "?" for c in line))
lines, size = [], 0
for line in reversed(latest):
    size += len(line.encode()) + 1
    if size > 23000:  # of an answer Systems Manager keeps the first 24,000 characters
        break
    lines.append(line)
print("\n".join(reversed(lines)) or "no such event")
