package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class SandboxJournalTest {

    @TempDir
    private Path root;

    private List<String> append(String... lines) throws Exception {
        List<String> found = new ArrayList<>();
        try (SandboxJournal journal = SandboxJournal.open(root.resolve("j"), found::add)) {
            for (String line : lines) {
                journal.append(line);
            }
        }
        return found;
    }

    @Test
    void linesComeBackInOrder() throws Exception {
        assertThat(append("one", "zwei: ü")).isEmpty();
        assertThat(append("three")).containsExactly("one", "zwei: ü");
        assertThat(append()).containsExactly("one", "zwei: ü", "three");
    }

    @Test
    void aTornLastLineIsCutOffAndNeverGluedToTheNext() throws Exception {
        append("one");
        Files.writeString(root.resolve("j"), "tw", StandardOpenOption.APPEND);
        assertThat(append("three")).containsExactly("one");
        assertThat(append()).containsExactly("one", "three");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void onlyItsOwnerReadsIt() throws Exception {
        append("one");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("j"))))
                .isEqualTo("rw-------");
    }

    @Test
    void aJournalThatIsDamagedInTheMiddleIsNamed() throws Exception {
        Path file = root.resolve("tenpay.jsonl");
        Files.writeString(file, "{\n");
        assertThatIllegalStateException()
                .isThrownBy(() -> new SandboxStage(root))
                .withMessageContaining(file.toString());
    }

    @Test
    void everyStateSurvivesARestart() throws Exception {
        Object payment;
        Object refund;
        try (SandboxStage before = new SandboxStage(root)) {
            before.paid("SO-0001");
            before.call("refund", before.refund("SO-0001", "RF-0001", 1000), 200);
            before.ledger.decideRefund("RF-0001", SandboxOrder.Status.FAILED);
            before.call("refund", before.refund("SO-0001", "RF-0002", 1000), 200);
            payment = before.call("inquiry-payment", before.inquiry("SO-0001"), 200);
            refund = before.call("inquiry-refund", before.inquiry("SO-0001").put("out_refund_no", "RF-0001"), 200);
        }
        try (SandboxStage after = new SandboxStage(root)) {
            assertThat(after.call("inquiry-payment", after.inquiry("SO-0001"), 200))
                    .isEqualTo(payment);
            assertThat(after.call("inquiry-refund", after.inquiry("SO-0001").put("out_refund_no", "RF-0001"), 200))
                    .isEqualTo(refund);
            after.call("refund", after.refund("SO-0001", "RF-0003", 51), 409);
            after.call("refund", after.refund("SO-0001", "RF-0003", 50), 200);
        }
    }
}
