/** Events to ERPs by webhook and Kafka, orders by Kafka, and the egress policy. */
@NullMarked
package dev.tenpayroutes.delivery;

import org.jspecify.annotations.NullMarked;
