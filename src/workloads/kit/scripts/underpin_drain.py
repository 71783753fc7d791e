"""Lets an API's pod leave without a lost request: while the file exists, the health check says no and all else is served."""
import os

DRAIN_FILE = "/tmp/drain"


def drainable(application, health_path):
    def serve(environ, start_response):
        if environ.get("PATH_INFO", "") == health_path and os.path.exists(DRAIN_FILE):
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"draining\n"]
        return application(environ, start_response)

    return serve
