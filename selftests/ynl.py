# SPDX-License-Identifier: GPL-2.0
"""The kernel tree's own client of generic netlink, which knows of nfipsec what is
in the specification and nothing else: is that true, and enough?

cli.py is run as people run it; most is done by what it is made of, since each
start of it takes seconds. That the specification is one by its schema is for the
generator to say, which has less to do than a machine here.
"""
import importlib.util
import json
import os
import socket
import sys

import lib
from lib import equal, wait_for

SPEC = lib.HERE + "/../Documentation/netlink/specs/nfipsec.yaml"
CLIENT = os.environ.get("NFIPSEC_YNL", "")
A, B = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
KEY = bytes(range(100, 120))
SA = {"src": A, "dst": B, "proto": 50, "spi": 0x12345678, "mode": "tunnel",
      "dir": "out", "aead-name": "rfc4106(gcm(aes))", "aead-key": KEY,
      "aead-icv-bits": 128}
NET = {"src": bytes([10, 1, 0, 0]), "src-plen": 16,
       "dst": bytes([10, 2, 0, 0]), "dst-plen": 16}
report = lib.Report()


def client():
    """The package beside cli.py, whose name is that of our own module."""
    where = os.path.dirname(CLIENT) + "/lib/"
    spec = importlib.util.spec_from_file_location(
        "ynl", where + "__init__.py", submodule_search_locations=[where])
    mod = importlib.util.module_from_spec(spec)
    sys.modules["ynl"] = mod
    spec.loader.exec_module(mod)
    return mod


if not lib.LIST:
    host = lib.Host("n")
    host.ip("\n".join([
        "link add eth0 type dummy", "link set eth0 up",
        "addr add 192.0.2.1/24 dev eth0", "addr add 10.1.0.1/32 dev lo",
        "route add 10.2.0.0/16 dev eth0 src 10.1.0.1"]))
    host.socket(socket.AF_INET, socket.SOCK_DGRAM).close()    # go there
    ynl = client()
    nl = ynl.YnlFamily(SPEC, "")


def refused(code, attr, op, **vals):
    """The sentence of a refusal that blames an attribute of that path."""
    try:
        nl.do(op, vals)
    except ynl.NlError as e:
        said = e.nl_msg.extack
        equal(os.strerror(-e.nl_msg.error), os.strerror(code), "error")
        equal(said.get("bad-attr") or said.get("miss-type"), attr, "attribute")
        return said["msg"]
    raise AssertionError("not refused")


def flush():
    nl.do("policy-flush", {})
    nl.do("sa-flush", {})


def cli(*words, ok=True):
    return host.exec(sys.executable, "-B", CLIENT, "--spec", SPEC,
                     "--no-schema", *words, ok=ok)


def by_cli():
    want = {"src": A.hex(), "dst": B.hex(), "mode": "tunnel", "owner": "ynl"}
    out = cli("--do", "sa-allocspi", "--json", json.dumps(want),
              "--output-json")
    got = json.loads(out)
    for key, val in want.items():
        equal(got[key], val, key)
    equal(got["state"], "larval", "state")
    listed = json.loads(cli("--dump", "sa-get", "--output-json"))
    equal([sa["spi"] for sa in listed], [got["spi"]], "listed")
    flush()


def by_cli_refused():
    _, out, err = cli("--do", "sa-get", "--json",
                      json.dumps({"dst": B.hex(), "spi": 700}), ok=None)
    for text in ("No such file", "there is no SA"):
        if text not in out + err:
            raise AssertionError("it does not say %r: %s%s" % (text, out, err))


def sa_whole():
    nl.do("sa-new", SA | {
        "reqid": 7, "flags": ["esn", "icmp"], "replay-window": 64,
        "selector": NET, "outer": {"ecn": "compat", "df": "set",
                                   "frag": "before"},
        "lifetime": {"packet-soft": 2, "byte-hard": 1 << 40}, "owner": "ynl"})
    got = nl.do("sa-get", {"dst": B, "spi": SA["spi"]})
    equal(nl.dump("sa-get", {}), [got], "dump")
    for key in SA:
        if key != "aead-key":
            equal(got[key], SA[key], key)
    equal("aead-key" in got or KEY in repr(got).encode(), False, "the key")
    equal(got["flags"], {"esn", "icmp"}, "flags")
    equal(got["selector"], NET | {"family": socket.AF_INET}, "selector")
    equal(got["outer"]["ecn"], "compat", "ecn")
    equal(got["lifetime"], {"packet-soft": 2, "byte-hard": 1 << 40}, "lifetime")
    nl.do("sa-del", {"dst": B, "spi": SA["spi"]})
    equal(nl.dump("sa-get", {}), [], "deleted")


def policy_whole():
    more = [{"addr": bytes([10, 9, 0, 0]), "plen": 24}]
    tmpl = [{"proto": 50, "mode": "transport"},
            {"src": A, "dst": B, "proto": 51, "mode": "tunnel", "spi": 0x98765}]
    index = nl.do("policy-new", {
        "dir": "out", "selector": NET | {"dst-more": more}, "priority": 3,
        "action": "protect", "tmpl": tmpl, "name": "two"})["index"]
    got = nl.do("policy-get", {"index": index})
    equal(nl.dump("policy-get", {}), [got], "dump")
    equal([t["spi"] for t in got["tmpl"] if t.get("spi")], [0x98765], "SPIs")
    equal([t["mode"] for t in got["tmpl"]], ["transport", "tunnel"], "modes")
    equal((got["action"], got["dir"], got["name"]), ("protect", "out", ["two"]))
    equal([m["addr"] for m in got["selector"]["dst-more"]],
          [bytes([10, 9, 0, 0])], "more")
    flush()


def refusals():
    said = refused(22, ".spi", "sa-new", **SA | {"spi": 255})
    equal("reserved" in said, True, said)
    refused(22, "mode", "sa-new", **{k: v for k, v in SA.items() if k != "mode"})
    refused(22, ".selector.src-plen", "policy-new", dir="in", action="bypass",
            selector=NET | {"src-plen": 33})
    equal((nl.dump("sa-get", {}), nl.dump("policy-get", {})), ([], []), "tables")


def counters():
    got = nl.do("stats-get", {})
    names = {c["name"]: c for c in got["counter"]}
    equal((names["in_auth"]["value"], "drop" in names["in_auth"]), (0, True))
    equal((names["in_ok"]["value"], "drop" in names["in_ok"]), (0, False))
    equal(got["sa-count"], 0, "SAs")


def defaults():
    equal(nl.do("default-get", {})["in"], "bypass", "default")
    nl.do("default-set", {"in": "discard"})
    equal(nl.do("default-get", {})["in"], "discard", "default")
    nl.do("default-set", {"in": "bypass"})


def events():
    """An SA is wanted, and is nearly used up."""
    hears = ynl.YnlFamily(SPEC, "")
    hears.ntf_subscribe("events")

    def event(name):
        def come():
            hears.check_ntf()
            return [m["msg"] for m in hears.async_msg_queue if m["name"] == name]
        return wait_for(come, name)[0]

    index = nl.do("policy-new", {
        "dir": "out", "selector": NET, "action": "protect", "tmpl": [
            {"src": A, "dst": B, "mode": "tunnel"}]})["index"]
    host.exec("ping", "-c", "1", "-W", "0.1", "10.2.0.1", ok=None)
    got = event("acquire-ntf")
    equal(got["policy"], index, "policy")
    equal(got["packet"]["dst"], bytes([10, 2, 0, 1]), "packet")
    nl.do("sa-new", SA | {"lifetime": {"packet-soft": 1}})
    host.exec("ping", "-c", "1", "-W", "0.1", "10.2.0.1", ok=None)
    got = event("expire-ntf")
    equal((got["spi"], got["limit"], got["hard"]), (SA["spi"], "packets", 0))
    flush()


report.add("cli.py", by_cli)
report.add("cli.py, a refusal", by_cli_refused)
report.add("an SA with all that it has", sa_whole)
report.add("a policy with two templates", policy_whole)
report.add("refusals name the attribute", refusals)
report.add("counters", counters)
report.add("defaults", defaults)
report.add("events", events)
sys.exit(report.run())
