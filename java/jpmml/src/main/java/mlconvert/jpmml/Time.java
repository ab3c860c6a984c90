package mlconvert.jpmml;

import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jpmml.evaluator.Evaluator;

/**
 * Times the model {@code subject} in a warm JVM: {@code what} is {@code rows}, each of those that {@link Rows} describes, or {@code
 * batches}, all of them; or it is {@code loading}, from the file ({@code kind} and {@code path}, as {@link Open} has them) to a model
 * that can score. {@code warm_up} calls go before, {@code rounds} are timed, and their nanoseconds go to the file {@code out}: int64.
 */
final class Time implements Command {
    private final Subjects subjects;

    Time(Subjects subjects) {
        this.subjects = subjects;
    }

    @Override
    public JsonObject run(JsonObject request) throws Exception {
        int warmUp = request.get("warm_up").getAsInt();
        int rounds = request.get("rounds").getAsInt();
        ByteBuffer times;
        switch (request.get("what").getAsString()) {
            case "loading":
                String kind = request.get("kind").getAsString();
                Path path = Path.of(request.get("path").getAsString());
                times = timed(warmUp, rounds, () -> Open.open(kind, path).close());
                break;
            case "rows":
                times = rows(request, warmUp, rounds);
                break;
            default:
                Evaluator evaluator = subjects.get(request.get("subject").getAsInt()).evaluator;
                List<Map<String, Object>> rows = Rows.read(request, evaluator.getActiveFields());
                times = timed(warmUp, rounds, () -> rows.forEach(evaluator::evaluate));
        }
        Arrays.write(Path.of(request.get("out").getAsString()), times);
        return new JsonObject();
    }

    private ByteBuffer rows(JsonObject request, int warmUp, int rounds) throws Exception {
        Evaluator evaluator = subjects.get(request.get("subject").getAsInt()).evaluator;
        List<Map<String, Object>> rows = Rows.read(request, evaluator.getActiveFields());
        for (int call = 0; call < warmUp; call++) {
            evaluator.evaluate(rows.get(call % rows.size()));
        }
        ByteBuffer times = Arrays.room((long) Long.BYTES * rounds * rows.size());
        for (int round = 0; round < rounds; round++) {
            for (Map<String, Object> row : rows) {
                long start = System.nanoTime();
                evaluator.evaluate(row);
                times.putLong(System.nanoTime() - start);
            }
        }
        return times;
    }

    /** What can be timed. */
    private interface Call {
        void run() throws Exception;
    }

    private static ByteBuffer timed(int warmUp, int rounds, Call call) throws Exception {
        for (int i = 0; i < warmUp; i++) {
            call.run();
        }
        ByteBuffer times = Arrays.room((long) Long.BYTES * rounds);
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            call.run();
            times.putLong(System.nanoTime() - start);
        }
        return times;
    }
}
