"""A currency API with bad days, for the fourth example. Usage: server.py PORT. Listens on 127.0.0.1 only.

EUR answers at once; GBP is rate limited once, then answers; JPY fails twice with 503, then answers; NOK is never there.
"""
import http.server, json, sys

RATES = {"EUR": "1.0842", "GBP": "1.2701", "JPY": "0.0064"}
asked = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        currency = self.path.rsplit("/", 1)[-1]
        asked[currency] = asked.get(currency, 0) + 1
        if currency == "GBP" and asked[currency] % 2 == 1:
            return self.answer(429, {"error": "slow down"}, {"Retry-After": "1"})
        if currency == "JPY" and asked[currency] % 3 != 0:
            return self.answer(503, {"error": "try later"})
        if currency not in RATES:
            return self.answer(404, {"error": "no such currency"})
        self.answer(200, {"currency": currency, "rate": RATES[currency]})

    def answer(self, status, body, headers=()):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
