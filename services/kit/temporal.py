"""The connection to the workflow engine: typed messages, encrypted payloads, one trace from request to activity."""

from collections.abc import Sequence
from typing import Any

from temporalio.client import Client, HeaderCodecBehavior, Interceptor
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes

from services.kit.keyring import Keyring
from services.kit.payload_codec import EncryptedPayloads
from services.kit.settings import ServiceSettings


def data_converter(keyring: Keyring) -> DataConverter:
    """How values become payloads: pydantic JSON, encrypted; messages and stack traces of failures too."""
    return DataConverter(
        payload_converter_class=PydanticPayloadConverter,
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
