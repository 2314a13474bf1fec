"""A client of the Banterwire protocol, written from SPEC.md alone.

Plays whole conversations against a running sidecar: client.py URL TOKEN
Prints each line that it was told, and ends with 0 if the sidecar kept to the page.
"""

import socket
import sys

import msgpack
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

SUBPROTOCOL = "banterwire.v1"
HELLO, ROOM_OPEN, ROOM_CLOSE, REGISTER, CUE, CANCEL, HEARD, OUTCOME = 1, 2, 3, 4, 7, 8, 9, 10
RESUME = 13
PING, PONG, ERROR = 32, 33, 34
WELCOME, LINE_BEGIN, DELTA, LINE_END = 64, 65, 66, 67
REMAINING_MS = 10_000
TIMEOUT_S = 15


class Connection:
    """One connection, and the rules of lines that the sidecar is held to."""

    def __init__(self, url, token, greet=True, after=None, resumable=False):
        """`after` is the lost connection whose session this one goes on with."""
        headers = {"Authorization": f"Bearer {token}"}
        self.socket = connect(
            url,
            additional_headers=headers,
            subprotocols=[SUBPROTOCOL],
            compression=None,
            max_size=65_536,
        )
        assert self.socket.subprotocol == SUBPROTOCOL
        self.lines = after.lines if after else {}
        self.nonce = 0
        offered = ["resume"] if resumable or after else []
        if greet:
            self.session, self.resumed = self.greet(offered, after.session if after else None)

    def greet(self, offered, session):
        self.send(HELLO, 0, offered, "python conformance", session)
        kind, *fields = self.receive()
        assert kind == WELCOME and len(fields) >= 15, fields
        minor, capabilities, _server, session, _epoch, resumed, window_ms = fields[:7]
        assert (minor, capabilities, len(session)) == (0, offered, 16), fields
        assert (window_ms > 0) == bool(offered)
        return session, resumed

    def lose(self):
        """The network breaks: no close is said."""
        self.socket.socket.shutdown(socket.SHUT_RDWR)

    def send(self, *message):
        self.socket.send(msgpack.packb(list(message)))

    def receive(self):
        """The next message that is no ping, with the rules of lines checked."""
        while True:
            frame = self.socket.recv(timeout=TIMEOUT_S)
            assert isinstance(frame, bytes)
            kind, *fields = msgpack.unpackb(frame)
            if kind == PING:
                self.send(PONG, fields[0])
                continue
            self.follow(kind, fields)
            return kind, *fields

    def follow(self, kind, fields):
        if kind == LINE_BEGIN:
            line, _room, character, source, _scene = fields[:5]
            assert source in ("model", "fallback") and not self.lines[line]["text"]
            self.lines[line] |= {"character": character, "source": source}
        elif kind == DELTA:
            for line, offset, text in fields[0]:
                told = self.lines[line]
                assert text and told["source"] and offset == len(told["text"]), (told, offset)
                told["text"] += text
        elif kind == LINE_END:
            line, source, reason, length = fields[:4]
            told = self.lines[line]
            assert told["reason"] is None, "a line ends once"
            assert length == len(told["text"]) and len(fields[5]) == 7
            assert source == (told["source"] if told["text"] else "none")
            told["reason"] = reason
        elif kind == ERROR and fields[3] is not None:
            self.lines[fields[3]]["reason"] = fields[0]

    def cue(self, line, candidates, said, room=1):
        self.lines[line] = {"character": None, "source": None, "text": "", "reason": None}
        player = ["p-1", "Ann"]
        self.send(CUE, room, line, candidates, REMAINING_MS, "reply", player, said, None, [], None)
        return self.lines[line]

    def until(self, done):
        while not done():
            self.receive()

    def expect_error(self, code, line=None):
        kind, *fields = self.receive()
        assert kind == ERROR and fields[0] == code and fields[3] == line, (code, fields)

    def expect_nothing(self):
        """What the sidecar had to say was said before it answers a ping."""
        self.nonce += 1
        self.send(PING, self.nonce)
        assert self.receive() == (PONG, self.nonce)

    def expect_close(self, code):
        try:
            self.socket.recv(timeout=TIMEOUT_S)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None and closed.rcvd.code == code, closed
        else:
            raise AssertionError(f"the connection is to close with {code}")


def refused_upgrade(url, headers, subprotocols):
    try:
        connect(url, additional_headers=headers, subprotocols=subprotocols)
    except InvalidStatus as refusal:
        return refusal.response.status_code
    raise AssertionError("the upgrade is to be refused")


def play_upgrades(url, token):
    bearer = {"Authorization": f"Bearer {token}"}
    assert refused_upgrade(url, {"Authorization": "Bearer wrong"}, [SUBPROTOCOL]) == 401
    assert refused_upgrade(url, {**bearer, "Origin": "http://a.page"}, [SUBPROTOCOL]) == 403
    assert refused_upgrade(url, bearer, None) == 400


def play_conversation(url, token):
    game = Connection(url, token)
    game.send(99, "of the future")
    game.expect_error("unknown_type")
    game.send(ROOM_OPEN, 1, "tavern")
    game.send(REGISTER, 1, "mira", "Mira", "You keep the bar.", ["One moment."], ["… well."])
    game.expect_nothing()

    line = game.cue(1, [["nobody", 0, 255], ["mira", 120, 255]], "What is on tap?")
    game.until(lambda: line["reason"])
    print(f"{line['character']} ({line['source']}, {line['reason']}): {line['text']}")
    game.send(HEARD, 1, "p-1", len(line["text"]))
    game.send(OUTCOME, 1, 1, "mira", "reply", line["source"], 90_000, 200, False, False)
    game.expect_nothing()

    long = game.cue(3, [["mira", 120, 255]], "Tell me a long story.")
    game.until(lambda: long["text"])
    game.send(CANCEL, 3)
    game.until(lambda: long["reason"])
    assert long["reason"] == "cancelled", long
    game.send(CANCEL, 3)
    game.expect_nothing()

    game.send(ROOM_OPEN, 1, "tavern")
    game.expect_error("room_exists")
    game.cue(5, [["mira", 0, 255]], "Anyone?", room=2)
    game.expect_error("unknown_room", line=5)
    game.cue(7, [["nobody", 0, 255]], "Anyone?")
    game.expect_error("unknown_character", line=7)
    game.send(CANCEL, 0)
    game.expect_error("bad_field")
    game.send(ROOM_OPEN, 2, "x" * 129)
    game.expect_error("text_too_long")
    game.send(ROOM_CLOSE, 1)
    game.expect_nothing()
    game.socket.close(1000)


def play_resume(url, token):
    game = Connection(url, token, resumable=True)
    game.send(ROOM_OPEN, 1, "tavern")
    game.send(REGISTER, 1, "mira", "Mira", "You keep the bar.", ["One moment."], ["… well."])
    story = game.cue(1, [["mira", 120, 255]], "Tell me a long story.")
    other = game.cue(3, [["mira", 120, 255]], "Tell me another long story.")
    game.until(lambda: story["text"] and other["text"])
    game.lose()
    heard = other["text"]

    back = Connection(url, token, after=game)
    assert back.resumed and back.session == game.session
    stands = [[1, len(story["text"])], [3, None], [5, 0]]
    back.lines[5] = {"character": None, "source": None, "text": "", "reason": None}
    back.send(RESUME, stands, False)
    back.until(lambda: back.lines[5]["reason"])
    assert back.lines[5]["reason"] == "unknown_line"
    back.until(lambda: story["reason"])
    print(f"resumed ({story['source']}, {story['reason']}): {story['text']}")
    assert (other["text"], other["reason"]) == (heard, None), "it was given up"
    back.send(OUTCOME, 1, 1, "mira", "reply", "model", 90_000, 200, False, False)
    back.expect_nothing()
    back.socket.close(1000)

    late = Connection(url, token, after=back)
    assert not late.resumed and late.session != back.session, "a good-bye ends a session"
    late.socket.close(1000)


def play_breaches(url, token):
    early = Connection(url, token, greet=False)
    early.send(CANCEL, 1)
    early.expect_error("unexpected_message")
    early.expect_close(4401)

    for frame, code, close in [
        (b"\xc0", "malformed", 4400),
        (b"\x92\x08\xd4\x00\x00", "forbidden_type", 4400),
        ("[8,1]", "frame_not_binary", 1003),
    ]:
        rude = Connection(url, token)
        rude.socket.send(frame)
        rude.expect_error(code)
        rude.expect_close(close)


if __name__ == "__main__":
    play_upgrades(*sys.argv[1:3])
    play_conversation(*sys.argv[1:3])
    play_resume(*sys.argv[1:3])
    play_breaches(*sys.argv[1:3])
