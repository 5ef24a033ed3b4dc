import java.io.IOException;
import java.net.URL;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.AbstractHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** The same small application for jetty. usage: java JettyWeb PORT */
public class JettyWeb {
    public static void main(String[] arguments) throws Exception {
        Server server = new Server(new QueuedThreadPool(10, 10));
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(arguments[0]));
        server.addConnector(connector);
        server.setHandler(new AbstractHandler() {
            @Override
            public void handle(String target, Request base, HttpServletRequest request, HttpServletResponse reply) throws IOException {
                base.setHandled(true);
                if (target.equals("/up")) {
                    try (var answer = new URL("http://127.0.0.1:18081/wait/1500").openStream()) {
                        answer.readAllBytes();
                    }
                }
                reply.setContentLength(6);
                reply.getOutputStream().print("hello\n");
            }
        });
        server.start();
    }
}
