package dev.tenpayroutes.console;

import org.apache.camel.Processor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The bean of {@code console-audit}, there whether the console is on or not. */
@Configuration(proxyBeanMethods = false)
class AuditProcessors {

    /**
     * Sets what a note of the audit log holds: {@code auditPerson}, {@code auditAct}, {@code auditAccount}, {@code auditSubject},
     * {@code auditForm}, {@code auditAddress}, {@code auditRequestId}, {@code auditOutcome}, {@code auditId}, {@code auditCursor}
     * and {@code auditAccounts}.
     */
    @Bean
    Processor auditNote() {
        return exchange -> {
            Audit.Note note = exchange.getProperty(Audit.NOTE, Audit.Note.class);
            exchange.setVariable("auditPerson", note.person());
            exchange.setVariable("auditAct", note.act().name());
            exchange.setVariable("auditAccount", note.act().account());
            exchange.setVariable("auditSubject", note.act().subject());
            exchange.setVariable("auditForm", note.act().form());
            exchange.setVariable("auditAddress", note.address());
            exchange.setVariable("auditRequestId", note.requestId());
            exchange.setVariable("auditOutcome", note.outcome());
            exchange.setVariable("auditId", note.id());
            exchange.setVariable("auditCursor", note.cursor());
            exchange.setVariable("auditAccounts", note.accounts());
        };
    }
}
