package mlconvert.jpmml;

import com.google.gson.JsonObject;
import org.dmg.pmml.ModelVerification;
import org.jpmml.evaluator.ModelEvaluator;

/** Scores the rows that the model {@code subject} holds for its verification, by JPMML's own judgement. Answers {@code rows}: how many. */
final class Verify implements Command {
    private final Subjects subjects;

    Verify(Subjects subjects) {
        this.subjects = subjects;
    }

    @Override
    public JsonObject run(JsonObject request) throws Exception {
        ModelEvaluator<?> evaluator = (ModelEvaluator<?>) subjects.get(request.get("subject").getAsInt()).evaluator;
        ModelVerification verification = evaluator.getModel().getModelVerification();
        evaluator.verify();
        JsonObject answer = new JsonObject();
        answer.addProperty("rows", verification == null ? 0 : verification.requireInlineTable().getRows().size());
        return answer;
    }
}
