package dev.tenpayroutes.delivery;

import java.util.List;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;

/** Why a record was not written: because of itself, or because of the broker, its access rights or the way to it. */
public final class KafkaFailure {

    /** The record itself is refused: another one may be written. */
    private static final List<Class<? extends KafkaException>> OF_RECORD = List.of(
            RecordTooLargeException.class,
            RecordBatchTooLargeException.class,
            InvalidRecordException.class,
            InvalidTimestampException.class,
            SerializationException.class);

    /** No record is written until a person changes the topic or its name. */
    private static final List<Class<? extends KafkaException>> OF_TOPIC = List.of(
            InvalidTopicException.class, PolicyViolationException.class, UnsupportedForMessageFormatException.class);

    private KafkaFailure() {}

    /** Whether the same record would be refused the next time as well; any other failure may pass. */
    public static boolean isPermanent(Throwable failure) {
        return isOfRecord(failure) || isOneOf(OF_TOPIC, failure);
    }

    /** Whether the record is refused for what it is, whatever becomes of others. */
    public static boolean isOfRecord(Throwable failure) {
        return isOneOf(OF_RECORD, failure);
    }

    private static boolean isOneOf(List<Class<? extends KafkaException>> types, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            Throwable one = cause;
            if (types.stream().anyMatch(type -> type.isInstance(one))) {
                return true;
            }
        }
        return false;
    }

    /** The innermost failure's kind; never its own words, which may hold addresses. */
    public static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getClass().getSimpleName();
    }
}
