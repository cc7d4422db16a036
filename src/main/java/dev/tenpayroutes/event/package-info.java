/** What tells the ERP of events: where to, signed how, sent by whom, and never to where it must not go. */
@NullMarked
package dev.tenpayroutes.event;

import org.jspecify.annotations.NullMarked;
