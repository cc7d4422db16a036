package dev.tenpaybench.peer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.wechat.pay.java.core.RSAConfig;
import com.wechat.pay.java.core.http.DefaultHttpClientBuilder;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.core.http.HttpHeaders;
import com.wechat.pay.java.core.http.JsonRequestBody;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RSANotificationConfig;
import com.wechat.pay.java.core.notification.RequestParam;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.http.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.autoconfigure.jackson.JacksonAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.JdbcClientAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.JdbcTemplateAutoConfiguration;
import org.springframework.boot.autoconfigure.sql.init.SqlInitializationAutoConfiguration;
import org.springframework.boot.autoconfigure.transaction.TransactionAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.DispatcherServletAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.ServletWebServerFactoryAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.WebMvcAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/**
 * What a merchant would write by hand instead: Spring MVC, the official WeChat Pay SDK, JdbcClient. It is kept fast and
 * without fault in what it does; what it leaves out (credentials, contract, retries, history, events, metrics, freshness
 * of notifications) costs it nothing.
 */
@SpringBootConfiguration
@EnableScheduling
@ImportAutoConfiguration({
    DataSourceAutoConfiguration.class,
    DataSourceTransactionManagerAutoConfiguration.class,
    TransactionAutoConfiguration.class,
    JdbcTemplateAutoConfiguration.class,
    JdbcClientAutoConfiguration.class,
    SqlInitializationAutoConfiguration.class,
    JacksonAutoConfiguration.class,
    HttpMessageConvertersAutoConfiguration.class,
    ServletWebServerFactoryAutoConfiguration.class,
    DispatcherServletAutoConfiguration.class,
    WebMvcAutoConfiguration.class
})
public class Peer {

    public static void main(String[] args) {
        // Not the application.yaml of the program it is compared with.
        System.setProperty("spring.config.name", "peer");
        SpringApplication.run(Peer.class, args);
    }

    @Bean
    HttpClient tenpay(
            @Value("${peer.merchant-id}") String merchantId,
            @Value("${peer.private-key}") String privateKey,
            @Value("${peer.serial}") String serial,
            @Value("${peer.platform-certificate}") String certificate) {
        return new DefaultHttpClientBuilder()
                .config(new RSAConfig.Builder()
                        .merchantId(merchantId)
                        .privateKeyFromPath(privateKey)
                        .merchantSerialNumber(serial)
                        .wechatPayCertificatesFromPath(certificate)
                        .build())
                .build();
    }

    /** By certificates, which is what Tenpay Global hands out; the SDK now prefers bare public keys. */
    @Bean
    @SuppressWarnings("deprecation")
    NotificationParser notifications(
            @Value("${peer.platform-certificate}") String certificate, @Value("${peer.api-key}") String apiKey) {
        return new NotificationParser(new RSANotificationConfig.Builder()
                .certificatesFromPath(certificate)
                .apiV3Key(apiKey)
                .build());
    }

    @Bean
    Orders orders(JdbcClient jdbc) {
        return new Orders(jdbc);
    }

    @Bean
    Payments payments(Orders orders, HttpClient tenpay, ObjectMapper json, @Value("${peer.base-url}") String baseUrl) {
        return new Payments(orders, tenpay, json, baseUrl);
    }

    @Bean
    Poller poller(Orders orders, Payments payments) {
        return new Poller(orders, payments);
    }

    record Money(long total, String currency) {}

    record Order(String orderNo, String paymentMethod, String region, Money amount, String description) {}

    record Answer(String orderNo, String status, String paymentId, String prepayInfo, Money amount) {}

    /** Of checkout-pay, of inquiry-payment and of a notification alike. */
    public record Payment(
            String merchant_id,
            String out_trade_no,
            String payment_id,
            String prepay_info,
            String status,
            Money amount,
            String success_time) {}

    static class Orders {

        private final JdbcClient jdbc;

        Orders(JdbcClient jdbc) {
            this.jdbc = jdbc;
        }

        boolean insert(Order order) {
            return jdbc.sql("""
                                    insert into orders (order_no, payment_method, region, amount, currency, description)
                                    values (?, ?, ?, ?, ?, ?) on conflict (order_no) do nothing""")
                            .params(
                                    order.orderNo(),
                                    order.paymentMethod(),
                                    order.region(),
                                    order.amount().total(),
                                    order.amount().currency(),
                                    order.description())
                            .update()
                    == 1;
        }

        void submitted(String orderNo, Payment payment) {
            jdbc.sql("""
                            update orders set status = 'PENDING', payment_id = ?, prepay_info = ?, updated_at = now()
                            where order_no = ? and status = 'CREATED'""")
                    .params(payment.payment_id(), payment.prepay_info(), orderNo)
                    .update();
        }

        Answer find(String orderNo) {
            return jdbc.sql(
                            "select order_no, status, payment_id, prepay_info, amount, currency from orders where order_no = ?")
                    .param(orderNo)
                    .query((row, n) -> new Answer(
                            row.getString(1),
                            row.getString(2),
                            row.getString(3),
                            row.getString(4),
                            new Money(row.getLong(5), row.getString(6))))
                    .optional()
                    .orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND));
        }

        List<String> claim() {
            return jdbc.sql("""
                            update orders set next_poll_at = now() + interval '30 s'
                            where id in (select id from orders where next_poll_at <= now() order by next_poll_at limit 100
                                for update skip locked)
                            returning order_no""").query(String.class).list();
        }

        @Transactional
        public void notified(String id, String body, Payment payment) {
            int fresh = jdbc.sql("insert into notifications (id, body) values (?, ?) on conflict do nothing")
                    .params(id, body)
                    .update();
            if (fresh == 1) {
                settle(payment);
            }
        }

        @Transactional
        public void settle(Payment payment) {
            Answer order = jdbc.sql(
                            "select order_no, status, payment_id, prepay_info, amount, currency from orders where order_no = ? for update")
                    .param(payment.out_trade_no())
                    .query((row, n) -> new Answer(
                            row.getString(1),
                            row.getString(2),
                            row.getString(3),
                            row.getString(4),
                            new Money(row.getLong(5), row.getString(6))))
                    .single();
            if (payment.status().equals("PROCESSING") || order.status().equals("SUCCEEDED")) {
                return;
            }
            boolean paid = payment.status().equals("SUCCESS");
            if (paid && !order.amount().equals(payment.amount())) {
                throw new IllegalStateException("another amount was paid than ordered: " + order.orderNo());
            }
            jdbc.sql("""
                            update orders set status = ?, paid_at = ?, next_poll_at = null, updated_at = now()
                            where order_no = ?""")
                    .params(
                            paid ? "SUCCEEDED" : payment.status(),
                            paid ? OffsetDateTime.parse(payment.success_time()) : null,
                            payment.out_trade_no())
                    .update();
        }
    }

    static class Payments {

        private final Orders orders;
        private final HttpClient tenpay;
        private final ObjectMapper json;
        private final String baseUrl;

        Payments(Orders orders, HttpClient tenpay, ObjectMapper json, String baseUrl) {
            this.orders = orders;
            this.tenpay = tenpay;
            this.json = json;
            this.baseUrl = baseUrl;
        }

        void submit(Order order) {
            orders.submitted(
                    order.orderNo(),
                    call(
                            "checkout-pay",
                            Map.of(
                                    "merchant_id", Merchant.ID,
                                    "app_id", Merchant.APP,
                                    "out_trade_no", order.orderNo(),
                                    "method_key", order.paymentMethod(),
                                    "mch_region", order.region(),
                                    "amount", order.amount(),
                                    "description", order.description(),
                                    "expire_time",
                                            OffsetDateTime.now().plusMinutes(30).toString(),
                                    "notify_url", "https://shop.example.com/notifications")));
        }

        void inquire(String orderNo) {
            orders.settle(call("inquiry-payment", Map.of("merchant_id", Merchant.ID, "out_trade_no", orderNo)));
        }

        private Payment call(String call, Map<String, Object> content) {
            try {
                HttpHeaders headers = new HttpHeaders();
                headers.addHeader("Accept", "application/json");
                headers.addHeader("Content-Type", "application/json");
                return tenpay.post(
                                headers,
                                baseUrl + "/api/payment/v1/" + call,
                                new JsonRequestBody.Builder()
                                        .body(json.writeValueAsString(content))
                                        .build(),
                                Payment.class)
                        .getServiceResponse();
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** The merchant. */
    static final class Merchant {
        static final String ID = "2480000001";
        static final String APP = "wx0123456789abcdef";

        private Merchant() {}
    }

    @RestController
    static class Api {

        private final Orders orders;
        private final Payments payments;
        private final NotificationParser notifications;

        Api(Orders orders, Payments payments, NotificationParser notifications) {
            this.orders = orders;
            this.payments = payments;
            this.notifications = notifications;
        }

        @PostMapping("/v1/payments")
        ResponseEntity<Answer> pay(@RequestBody Order order) {
            if (!List.of("CARD", "PAYNOW", "BOC_MACAU").contains(order.paymentMethod())
                    || order.amount().total() <= 0) {
                throw new ResponseStatusException(HttpStatus.UNPROCESSABLE_ENTITY);
            }
            boolean fresh = orders.insert(order);
            if (fresh) {
                payments.submit(order);
            }
            return ResponseEntity.status(fresh ? HttpStatus.CREATED : HttpStatus.OK)
                    .body(orders.find(order.orderNo()));
        }

        @GetMapping("/v1/payments/{orderNo}")
        Answer find(@PathVariable String orderNo) {
            return orders.find(orderNo);
        }

        @PostMapping("/webhooks/tenpay/main/payments")
        Map<String, String> notified(
                @RequestHeader("Wechatpay-Serial") String serial,
                @RequestHeader("Wechatpay-Nonce") String nonce,
                @RequestHeader("Wechatpay-Timestamp") String timestamp,
                @RequestHeader("Wechatpay-Signature") String signature,
                @RequestBody String body) {
            Payment payment = notifications.parse(
                    new RequestParam.Builder()
                            .serialNumber(serial)
                            .nonce(nonce)
                            .timestamp(timestamp)
                            .signature(signature)
                            .body(body)
                            .build(),
                    Payment.class);
            orders.notified(payment.payment_id() + payment.status(), body, payment);
            return Map.of("code", "SUCCESS", "message", "OK");
        }
    }

    static class Poller {

        private static final int PARALLEL = 32;

        private final ExecutorService threads = Executors.newFixedThreadPool(PARALLEL);
        private final Orders orders;
        private final Payments payments;

        Poller(Orders orders, Payments payments) {
            this.orders = orders;
            this.payments = payments;
        }

        @Scheduled(fixedDelay = 1000)
        void poll() throws InterruptedException, ExecutionException {
            for (List<String> due = orders.claim(); !due.isEmpty(); due = orders.claim()) {
                List<? extends Future<?>> asked = due.stream()
                        .map(number -> threads.submit(() -> payments.inquire(number)))
                        .toList();
                for (Future<?> future : asked) {
                    future.get();
                }
            }
        }
    }
}
