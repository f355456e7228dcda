"""The carrier's public keys, with which businesses encrypt their messages (RFC 7517)."""

import msgspec
from starlette.responses import Response

from calleq.access_server.routing import PUBLIC, Answer, Context, Route
from calleq.messages.sealed import MessageKeySet, MessageKeyView
from calleq.web.problems import ProblemDetail, ProblemError

MEDIA_TYPE = "application/jwk-set+json"
NO_KEY = ProblemDetail(
    status=404,
    code="no_key",
    title="No key",
    detail="the carrier has no key for messages of that business",
)


async def get_message_keys(asked: Context) -> Response:
    """The key that messages of a business are to be encrypted with now."""
    published = asked.services.door.intake.protection.keys.published(asked.parameter("business"))
    if published is None:
        raise ProblemError(NO_KEY)
    keys = MessageKeySet((msgspec.convert(published, MessageKeyView),))
    return Response(msgspec.json.encode(keys), media_type=MEDIA_TYPE)


ROUTES = (
    Route(
        method="GET",
        path="/v1/businesses/{business}/message-keys",
        name="getMessageKeys",
        handler=get_message_keys,
        policy=PUBLIC,
        summary="The key with which messages of a business are encrypted.",
        description="A JWK set of one key. A message is encrypted whole (application/jose) or field"
        " by field: ECDH-ES+A256KW or ECDH-ES, A256GCM, with `kid` and `iat` in the header.",
        answers={200: Answer("The key.", MessageKeySet, media_type=MEDIA_TYPE)},
        problems={404: "The carrier has no key for messages of that business."},
        tag="service",
    ),
)
