"""Bodies that somebody sends to see what happens."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

DEEP = 1000

# Not JSON in UTF-8: 400 on every route.
MALFORMED: Mapping[str, bytes] = {
    "empty": b"",
    "spaces": b"   ",
    "NaN": b'{"userId":"u","properties":{"x":NaN}}',
    "Infinity": b'{"userId":"u","properties":{"x":Infinity}}',
    "minus Infinity": b"[-Infinity]",
    "1e400": b'{"x":1e400}',
    "lone surrogate": b'{"userId":"\\ud800"}',
    "lone surrogate as key": b'{"\\udfff":1}',
    "invalid UTF-8": b'{"userId":"\xff\xfe"}',
    "overlong UTF-8": b'{"userId":"\xc0\xaf"}',
    "UTF-16": '{"userId":"u"}'.encode("utf-16"),
    "UTF-16 without BOM": '{"userId":"u"}'.encode("utf-16-le"),
    "UTF-32": '{"userId":"u"}'.encode("utf-32"),
    "BOM": b'\xef\xbb\xbf{"userId":"u"}',
    "latin-1": '{"userId":"ü"}'.encode("latin-1"),
    "NUL alone": b"\x00",
    "raw NUL in text": b'{"userId":"a\x00b"}',
    "raw newline in text": b'{"userId":"a\nb"}',
    "cut off": b'{"batch":[{"type":"track"',
    "trailing comma": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "two values": b"{}{}",
    "comment": b'{"a":1}//x',
    "form": b"a=1&b=2",
    "XML": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "100,000 brackets": b"[" * 100_000,
    "100,000 nested arrays": b"[" * 100_000 + b"]" * 100_000,
    "gzip of nothing": gzip.compress(b""),
    "cut gzip": gzip.compress(b'{"a":1}' * 50)[:-9],
    "gzip head only": b"\x1f\x8b",
    "integer beyond every float": b'{"count":' + b"9" * 400 + b',"id":"x"}',
    "hex number": b'{"x":0x10}',
    "leading zero": b'{"x":012}',
    "plus": b'{"x":+1}',
    "undefined": b'{"x":undefined}',
    "Python's None": b'{"x":None}',
}

# JSON all right, and nothing that anybody could use.
STRANGE: Mapping[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "number": b"17",
    "text": b'"text"',
    "empty list": b"[]",
    "empty object": b"{}",
    "list of numbers": b"[1,2,3]",
    "list of lists": b"[[],[[]]]",
    "1,000 deep arrays": b"[" * DEEP + b"]" * DEEP,
    "1,000 deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "100 deep in properties": b'{"userId":"u","event":"e","properties":'
    + b'{"a":' * 100
    + b"1"
    + b"}" * 100
    + b"}",
    "100,000 keys": b"{" + b",".join(b'"k%d":0' % n for n in range(100_000)) + b"}",
    "9,000 items": b'{"batch":[' + b",".join([b"0"] * 9_000) + b"]}",
    "1,000,000 letters": b'{"userId":"' + b"x" * 1_000_000 + b'","event":"e"}',
    "id of 257": b'{"userId":"' + b"x" * 257 + b'","id":"' + b"x" * 257 + b'"}',
    "empty ids": b'{"userId":"","anonymousId":"","id":""}',
    "null ids": b'{"userId":null,"anonymousId":null,"id":null}',
    "NUL in id": b'{"userId":"a\\u0000b","anonymousId":"\\u0000","id":"\\u0000"}',
    "controls in id": b'{"userId":"\\u0007\\u001b[31m","id":"\\n"}',
    "ids of wrong types": b'{"userId":{"a":1},"anonymousId":[1],"id":1.5,"messageId":{}}',
    "duplicate keys": b'{"userId":"a","userId":"b","id":"a","id":"b","batch":[],"batch":1}',
    "big integer": b'{"count":18446744073709551615,"limit":-9223372036854775808}',
    "tiny float": b'{"count":1e-400,"value":-0.0}',
    "wrong types everywhere": b'{"type":1,"event":[],"properties":"x","traits":3,"context":[],'
    b'"timestamp":{},"messageId":true,"batch":"x","items":{},"sentAt":[],"models":"x","kind":[],'
    b'"phases":1,"name":{},"means":[],"filter":[],"events":{},"exclude":5,"candidates":"a",'
    b'"count":"five","slot":7,"journey":0,"at":1,"title":[],"body":{},"tags":"x","requests":1}',
    "times from nowhere": b'{"timestamp":"99999-99-99","sentAt":"0000-00-00T00:00:00Z",'
    b'"at":"-1","userId":"u","event":"e","publishedAt":"tomorrow"}',
    "proto": b'{"__proto__":{"admin":true},"constructor":{"prototype":{}},"id":"x"}',
    "templates": b'{"userId":"{{7*7}}","event":"${jndi:ldap://x}","id":"script::x","title":"%s%n"}',
    "markup": b'{"id":"<script>alert(1)</script>","title":"\\"><img src=x onerror=alert(1)>"}',
    "right to left": '{"userId":"\u202eabc","id":"\u202e","event":"\ufeff"}'.encode(),
    "noncharacters": '{"userId":"\uffff\ufffe","id":"\U0010ffff"}'.encode(),
    "emoji": '{"userId":"🙂🏽‍🚀","event":"🙂","id":"🙂"}'.encode(),
    "batch of everything": b'{"batch":[null,1,"x",[],{},{"type":"nope"},{"type":"track"},[[[]]]]}',
    "items of everything": b'{"items":[null,1,"x",[],{},{"id":""},{"id":{}}],"requests":[null,{}]}',
    "gzip": gzip.compress(b'{"userId":"u","event":"e","id":"x"}'),
}

# More than anybody may send: 413.
HUGE: Mapping[str, bytes] = {
    "10 MB": b'{"userId":"u","body":"' + b"x" * (10 << 20) + b'"}',
    "300,000 messages": b'{"batch":[' + b",".join([b"0"] * 300_000) + b"]}",
    "gzip bomb": gzip.compress(b'{"a":"' + b"x" * (64 << 20) + b'"}'),
    "gzip bomb in members": gzip.compress(b" " * (4 << 20)) * 40,
}

BODIES: Mapping[str, Mapping[str, bytes]] = {
    "malformed": MALFORMED,
    "strange": STRANGE,
    "huge": HUGE,
}
