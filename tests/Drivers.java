import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

/**
 * JDBC connects with the connection URIs as they were handed out: DIRECT and POOLED. A URL of JDBC has no place for a role and its
 * password; host, port, database and parameters stay as they are. The file of PGSSLROOTCERT then verifies the server.
 * Prints `jdbc KIND ok` for each; fails at the first that does not answer rightly.
 */
class Drivers {
    public static void main(String[] arguments) throws Exception {
        for (String kind : new String[] {"DIRECT", "POOLED"}) {
            URI uri = new URI(System.getenv(kind));
            String[] user = uri.getUserInfo().split(":", 2);
            Properties properties = new Properties();
            properties.setProperty("user", user[0]);
            properties.setProperty("password", user[1]);
            String url = "jdbc:postgresql://" + uri.getHost() + ":" + uri.getPort() + uri.getPath() + "?" + uri.getQuery();
            ask(url, properties);
            properties.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
            ask(url.replace("sslmode=require", "sslmode=verify-full"), properties);
            properties.setProperty("password", "npg_wrongWrong1");
            try {
                ask(url, properties);
                throw new AssertionError("a wrong password is not refused");
            } catch (SQLException refused) {
                if (!"28P01".equals(refused.getSQLState())) throw refused;
            }
            System.out.println("jdbc " + kind.toLowerCase() + " ok");
        }
    }

    static void ask(String url, Properties properties) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, properties);
                PreparedStatement question = connection.prepareStatement("select 40 + ?::int")) {
            question.setInt(1, 2);
            ResultSet answer = question.executeQuery();
            answer.next();
            if (answer.getInt(1) != 42) throw new AssertionError("40 + 2 is " + answer.getInt(1));
        }
    }
}
