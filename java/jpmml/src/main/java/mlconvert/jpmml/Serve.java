package mlconvert.jpmml;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.PrintStream;

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

    /**
     * The command of a name: the one place where a new one is added. It is made when it is asked for, so that what it needs of JPMML
     * has to be there only then: a jar that scores runs with nothing but what is in it.
     */
    private static Command command(String name, Subjects subjects) throws RefusedException {
        switch (name) {
            case "lightgbm":
                return new LightGbm();
            case "sklearn":
                return new SkLearn();
            case "xgboost":
                return new XgBoost();
            case "open":
                return new Open(subjects);
            case "score":
                return new Score(subjects);
            case "close":
                return new Close(subjects);
            case "verify":
                return new Verify(subjects);
            case "time":
                return new Time(subjects);
            case "transpile":
                return new Transpile();
            default:
                throw new RefusedException("unknown-command", name, "there is no such command");
        }
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
        Subjects subjects = new Subjects();
        for (byte[] request = frames.receive(); request != null; request = frames.receive()) {
            answer(frames, subjects, request);
        }
    }

    private static void answer(Frames frames, Subjects subjects, byte[] request) throws IOException {
        JsonObject answer;
        try {
            JsonObject fields = Frames.parse(request);
            answer = command(fields.get("do").getAsString(), subjects).run(fields);
        } catch (Exception | StackOverflowError | LinkageError | AssertionError refused) {
            frames.send(Frames.REFUSED, Reason.of(refused));
            return;
        }
        frames.send(Frames.DONE, answer);
    }
}
