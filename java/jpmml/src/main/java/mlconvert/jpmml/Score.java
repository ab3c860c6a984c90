package mlconvert.jpmml;

import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jpmml.evaluator.Evaluator;

/**
 * Scores the rows that {@link Rows} describes with the model {@code subject}, and writes what {@link Results} describes to the file
 * {@code out}: float64[rows, numbers], then int32[rows] with a label. Answers {@code nanoseconds}: those of the evaluator alone.
 */
final class Score implements Command {
    private final Subjects subjects;

    Score(Subjects subjects) {
        this.subjects = subjects;
    }

    @Override
    public JsonObject run(JsonObject request) throws Exception {
        Evaluator evaluator = subjects.get(request.get("subject").getAsInt()).evaluator;
        Results results = new Results(request);
        List<Map<String, Object>> rows = Rows.read(request, evaluator.getActiveFields());
        List<Map<String, ?>> answers = new ArrayList<>(rows.size());
        long taken = 0;
        for (Map<String, Object> row : rows) {
            long start = System.nanoTime();
            answers.add(evaluate(evaluator, row, answers.size()));
            taken += System.nanoTime() - start;
        }
        ByteBuffer out = Arrays.room(results.bytes() * rows.size());
        answers.forEach(answer -> results.putNumbers(answer, out));
        answers.forEach(answer -> results.putLabel(answer, out));
        Arrays.write(Path.of(request.get("out").getAsString()), out);
        JsonObject answer = new JsonObject();
        answer.addProperty("nanoseconds", taken);
        return answer;
    }

    private static Map<String, ?> evaluate(Evaluator evaluator, Map<String, Object> row, int number) throws RefusedException {
        try {
            return evaluator.evaluate(row);
        } catch (RuntimeException refused) {
            String reason = Reason.of(refused).get("message").getAsString();
            throw new RefusedException("jpmml-refused", "row " + number, reason);
        }
    }
}
