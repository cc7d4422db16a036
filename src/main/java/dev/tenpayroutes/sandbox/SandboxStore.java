package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tenpayroutes.sandbox.SandboxOrder.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the ledger holds, in memory and in a journal. A change and its notification are one line of the journal, so neither
 * is there without the other, whenever the process dies. Guarded by the ledger's lock.
 */
final class SandboxStore implements AutoCloseable {

    /** An order or a refund, by the merchant's number. */
    record Subject(boolean refund, String number) {}

    record Due(Instant at, Subject subject, String notice) {}

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Entry(
            @Nullable SandboxOrder order,
            @Nullable SandboxRefund refund,
            @Nullable SandboxNotification notice) {}

    final Map<String, SandboxOrder> orders = new HashMap<>();
    final Map<String, SandboxRefund> refunds = new HashMap<>();
    final Map<String, List<String>> refundsOfOrder = new HashMap<>();
    final PriorityQueue<Due> settlements = new PriorityQueue<>(Comparator.comparing(Due::at));

    private final PriorityQueue<Due> deliveries = new PriorityQueue<>(Comparator.comparing(Due::at));
    private final Map<String, SandboxNotification> notices = new LinkedHashMap<>();
    private final Map<Subject, List<String>> noticesOfSubject = new HashMap<>();
    private final SandboxJournal journal;

    SandboxStore(Path file) {
        this.journal = SandboxJournal.open(file, line -> {
            try {
                remember(SandboxWire.JSON.readValue(line, Entry.class));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("The sandbox can't read its journal: delete " + file, e);
            }
        });
    }

    @Override
    public void close() throws IOException {
        journal.close();
    }

    /** The journal first: what isn't there hasn't happened. */
    void write(Entry entry) {
        try {
            journal.append(SandboxWire.JSON.writeValueAsString(entry));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        remember(entry);
    }

    private void remember(Entry entry) {
        SandboxOrder order = entry.order();
        if (order != null) {
            orders.put(order.number(), order);
            if (order.status() == Status.PROCESSING) {
                settlements.add(new Due(order.dueAt(), new Subject(false, order.number()), ""));
            }
        }
        SandboxRefund refund = entry.refund();
        if (refund != null) {
            if (refunds.put(refund.number(), refund) == null) {
                refundsOfOrder
                        .computeIfAbsent(refund.orderNumber(), key -> new ArrayList<>())
                        .add(refund.number());
            }
            if (refund.status() == Status.PROCESSING) {
                settlements.add(new Due(refund.dueAt(), new Subject(true, refund.number()), ""));
            }
        }
        SandboxNotification notice = entry.notice();
        if (notice != null) {
            Subject subject = new Subject(notice.refund(), notice.number());
            if (notices.put(notice.id(), notice) == null) {
                noticesOfSubject
                        .computeIfAbsent(subject, key -> new ArrayList<>())
                        .add(notice.id());
            }
            Instant nextAt = notice.nextAt();
            if (nextAt != null) {
                deliveries.add(new Due(nextAt, subject, notice.id()));
            }
        }
    }

    SandboxOrder order(String number) {
        SandboxOrder order = orders.get(number);
        if (order == null) {
            throw new TenpayApiException(404, "ORDER_NOT_EXIST", "there is no such order");
        }
        return order;
    }

    SandboxRefund refund(String number) {
        SandboxRefund refund = refunds.get(number);
        if (refund == null) {
            throw new TenpayApiException(404, "REFUND_NOT_EXIST", "there is no such refund");
        }
        return refund;
    }

    Stream<SandboxNotification> notifications(Subject subject) {
        return noticesOfSubject.getOrDefault(subject, List.of()).stream()
                .map(id -> Objects.requireNonNull(notices.get(id)));
    }

    /** Hands out notifications that are due, each once. */
    List<SandboxNotification> takeDeliveries(Instant now, int most) {
        List<SandboxNotification> taken = new ArrayList<>();
        for (Due due = deliveries.peek();
                due != null && !due.at().isAfter(now) && taken.size() < most;
                due = deliveries.peek()) {
            deliveries.remove();
            SandboxNotification notice = notices.get(due.notice());
            if (notice != null && due.at().equals(notice.nextAt())) {
                taken.add(notice);
            }
        }
        return taken;
    }
}
