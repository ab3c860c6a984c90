package mlconvert.jpmml;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Map;

/**
 * Answers requests on stdin, one after the other, until its input ends. {@link Frames} says how they are written: {@code {"do":
 * "<command>", ...}}, with the fields that the command's class documents. The first answer comes without a request, and says which Java
 * this is. A refusal is {@code {"code", "where", "message"}}.
 *
 * <p>Arrays, texts and models are files, whose paths stand in the request: float64 or int32 in little-endian C order, or JSON.
 */
public final class Serve {
    private Serve() {
    }

    /** The commands by their names: the one place where a new one is added. */
    private static Map<String, Command> commands() {
        Subjects subjects = new Subjects();
        return Map.ofEntries(
                Map.entry("lightgbm", new LightGbm()),
                Map.entry("sklearn", new SkLearn()),
                Map.entry("xgboost", new XgBoost()),
                Map.entry("open", new Open(subjects)),
                Map.entry("score", new Score(subjects)),
                Map.entry("close", new Close(subjects)),
                Map.entry("verify", new Verify(subjects)),
                Map.entry("transpile", new Transpile()));
    }

    /**
     * Serves stdin and stdout.
     *
     * @param args none
     * @throws IOException where stdin or stdout is gone
     */
    public static void main(String[] args) throws IOException {
        PrintStream out = System.out;
        // Whatever a library prints must not come between the answers.
        System.setOut(System.err);
        Frames frames = new Frames(System.in, out);
        JsonObject greeting = new JsonObject();
        greeting.addProperty("java", System.getProperty("java.version"));
        frames.send(Frames.DONE, greeting);
        Map<String, Command> commands = commands();
        for (byte[] request = frames.receive(); request != null; request = frames.receive()) {
            answer(frames, commands, request);
        }
    }

    private static void answer(Frames frames, Map<String, Command> commands, byte[] request) throws IOException {
        JsonObject answer;
        try {
            answer = run(commands, Frames.parse(request));
        } catch (Exception | StackOverflowError | LinkageError | AssertionError refused) {
            frames.send(Frames.REFUSED, Reason.of(refused));
            return;
        }
        frames.send(Frames.DONE, answer);
    }

    private static JsonObject run(Map<String, Command> commands, JsonObject request) throws Exception {
        String name = request.get("do").getAsString();
        Command command = commands.get(name);
        if (command == null) {
            throw new RefusedException("unknown-command", name, "there is no such command");
        }
        return command.run(request);
    }
}
