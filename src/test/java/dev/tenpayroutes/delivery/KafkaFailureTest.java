package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.camel.RuntimeCamelException;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;
import org.junit.jupiter.api.Test;

class KafkaFailureTest {

    @Test
    void refusalOfRecordIsPermanentHoweverItIsWrapped() {
        for (Exception refusal : List.of(
                new RecordTooLargeException("x"),
                new RecordBatchTooLargeException("x"),
                new InvalidRecordException("x"),
                new InvalidTimestampException("x"),
                new InvalidTopicException("x"),
                new PolicyViolationException("x"),
                new SerializationException("x"),
                new UnsupportedForMessageFormatException("x"))) {
            for (Exception wrapped :
                    List.of(refusal, new ExecutionException(refusal), new RuntimeCamelException(refusal))) {
                assertThat(KafkaFailure.isPermanent(wrapped)).as("%s", wrapped).isTrue();
                assertThat(KafkaFailure.isOfRecord(wrapped))
                        .as("%s", wrapped)
                        .isEqualTo(!(refusal instanceof InvalidTopicException
                                || refusal instanceof PolicyViolationException
                                || refusal instanceof UnsupportedForMessageFormatException));
                assertThat(KafkaFailure.reason(wrapped))
                        .isEqualTo(refusal.getClass().getSimpleName());
            }
        }
    }

    @Test
    void failureOfBrokerOrAccessIsNotPermanent() {
        for (Exception failure : List.of(
                new TimeoutException("x"),
                new NotEnoughReplicasException("x"),
                new TopicAuthorizationException("x"),
                new ClusterAuthorizationException("x"),
                new SaslAuthenticationException("x"),
                new UnknownTopicOrPartitionException("x"),
                new DisconnectException("x"),
                new KafkaException("x"),
                new IllegalStateException("x"))) {
            assertThat(KafkaFailure.isPermanent(failure)).as("%s", failure).isFalse();
            assertThat(KafkaFailure.isPermanent(new ExecutionException(failure)))
                    .as("%s", failure)
                    .isFalse();
        }
    }
}
