"""A proxy on 127.0.0.1 that can really cut a connection while an upload is under way."""

import contextlib
import socket
import struct
import threading

CHUNK = 16_384
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST, as when a cable is pulled


class CuttingProxy:
    """Passes bytes on to ``port``, and cuts the next uploads when told to."""

    def __init__(self, port):
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._to_cut, self._after = 0, 0
        self.cut = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_uploads(self, number, *, after):
        with self._lock:
            self._to_cut, self._after = number, after

    def close(self):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                visitor, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor):
        site = socket.create_connection(("127.0.0.1", self._port))
        threading.Thread(target=self._pass_on, args=(site, visitor), daemon=True).start()
        seen, doomed = 0, False
        with contextlib.suppress(OSError):
            while data := visitor.recv(CHUNK):
                if not doomed and data.startswith(b"POST ") and b"/photos/ HTTP" in data.split(b"\r\n", 1)[0]:
                    doomed, seen = self._take_one(), 0
                seen += len(data)
                if doomed and seen >= self._after:
                    self.cut += 1
                    break
                site.sendall(data)
        for end in (visitor, site):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.close()

    def _take_one(self):
        with self._lock:
            self._to_cut, doomed = max(self._to_cut - 1, 0), self._to_cut > 0
        return doomed

    @staticmethod
    def _pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
