package dev.tenpayroutes.config;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A connection that holds a permit and gives it back when it is closed, once however often that is. */
final class PermitConnection implements InvocationHandler {

    /** Sees what a method of the connection returned, before the caller does. */
    interface Returned {
        void by(Method method, @Nullable Object result) throws SQLException;
    }

    private final Connection connection;
    private final Semaphore permits;
    private final Returned returned;
    private final AtomicBoolean closed = new AtomicBoolean();

    private PermitConnection(Connection connection, Semaphore permits, Returned returned) {
        this.connection = connection;
        this.permits = permits;
        this.returned = returned;
    }

    /** @param permits of which one was acquired for this connection */
    static Connection of(Connection connection, Semaphore permits, Returned returned) {
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                new PermitConnection(connection, permits, returned));
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        try {
            switch (method.getName()) {
                case "equals":
                    return arguments != null && proxy == arguments[0];
                case "hashCode":
                    return System.identityHashCode(proxy);
                default:
                    Object result = method.invoke(connection, arguments);
                    returned.by(method, result);
                    return result;
            }
        } catch (InvocationTargetException e) {
            throw e.getCause();
        } finally {
            if (method.getName().equals("close") && closed.compareAndSet(false, true)) {
                permits.release();
            }
        }
    }
}
