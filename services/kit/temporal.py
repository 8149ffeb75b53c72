"""The connection to the workflow engine: typed messages, encrypted payloads, one trace from request to activity."""

from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, HeaderCodecBehavior, Interceptor
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

from domain.process import Shown
from services.kit.keyring import Keyring
from services.kit.payload_codec import SHOWN, EncryptedPayloads
from services.kit.settings import ServiceSettings


class _Json(PydanticJSONPlainPayloadConverter):
    """JSON by pydantic, with a mark on texts that are meant for those who watch the engine."""

    def to_payload(self, value: Any) -> Payload | None:
        payload = super().to_payload(value)
        if payload is not None and isinstance(value, Shown):
            payload.metadata[SHOWN] = b"1"
        return payload


_CONVERTERS = tuple(
    _Json() if isinstance(item, JSONPlainPayloadConverter) else item
    for item in DefaultPayloadConverter.default_encoding_payload_converters
)


class Payloads(CompositePayloadConverter):
    """How values become payloads before they are encrypted."""

    def __init__(self) -> None:
        # One of these is made for every step of every process; what it has learnt of the messages' types is kept for all.
        super().__init__(*_CONVERTERS)


def data_converter(keyring: Keyring) -> DataConverter:
    """How values become payloads: pydantic JSON, encrypted; messages and stack traces of failures too."""
    return DataConverter(
        payload_converter_class=Payloads,
        payload_codec=EncryptedPayloads(keyring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(
    settings: ServiceSettings, keyring: Keyring, *, interceptors: Sequence[Interceptor] = (), **options: Any
) -> Client:
    """A connected client of the namespace in the settings; ``options`` go to ``Client.connect``.

    Raises ``RuntimeError`` when the engine cannot be reached. Workers made with this client carry its interceptors.
    """
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=data_converter(keyring),
        interceptors=[TracingInterceptor(), *interceptors],
        tls=settings.temporal_tls,
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        **options,
    )
