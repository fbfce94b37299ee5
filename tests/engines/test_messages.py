"""Messages that clusters read are told apart by topic, partition and offset."""

import pytest

from wheeltapper.config import Kafka
from wheeltapper.engines.messages import options
from wheeltapper.errors import ConfigError


def test_the_settings_of_one_client_are_told_to_the_other():
    settings = Kafka(
        servers="a:9092",
        client={
            "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": 'ki"m', "ssl.ca.location": "/etc/ca.pem",
        },
    )  # fmt: skip
    told = options(settings, {"WHEELTAPPER_KAFKA_SASL_PASSWORD": "a\\b"})
    assert told["bootstrap.servers"] == "a:9092"
    assert told["security.protocol"] == "SASL_SSL"
    assert told["sasl.jaas.config"] == (
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="ki\\"m" password="a\\\\b";'
    )
    assert told["ssl.truststore.location"] == "/etc/ca.pem"
    assert told["isolation.level"] == "read_committed"
    odd = Kafka(servers="a:9092", client={"sasl.username": "kim", "sasl.password": "tea"})
    with pytest.raises(ConfigError, match="not known to Java's client"):
        options(odd, {})
