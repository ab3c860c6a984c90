package mlconvert.jpmml;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import org.dmg.pmml.PMML;
import org.jpmml.evaluator.Evaluator;
import org.jpmml.evaluator.ModelEvaluatorBuilder;
import org.jpmml.evaluator.ServiceLoadingModelEvaluatorBuilder;
import org.jpmml.evaluator.visitors.ModelEvaluatorVisitorBattery;

/**
 * Opens a model: {@code kind} ({@code pmml} for a document, {@code jar} for what the transpiler makes of one) and {@code path}. Answers
 * its number, {@code subject}, and what {@link Subject#fields()} says.
 */
final class Open implements Command {
    private final Subjects subjects;

    Open(Subjects subjects) {
        this.subjects = subjects;
    }

    @Override
    public JsonObject run(JsonObject request) throws Exception {
        Subject subject = open(request.get("kind").getAsString(), Path.of(request.get("path").getAsString()));
        JsonObject answer = subject.fields();
        answer.addProperty("subject", subjects.add(subject));
        return answer;
    }

    static Subject open(String kind, Path path) throws Exception {
        switch (kind) {
            case "pmml":
                return document(path);
            case "jar":
                return jar(path);
            default:
                throw new RefusedException("unknown-kind", kind, "there is no such kind of model");
        }
    }

    private static Subject document(Path path) throws Exception {
        PMML pmml = SafeXml.read(path);
        new ModelEvaluatorVisitorBattery(false).applyTo(pmml);
        Evaluator evaluator = new ModelEvaluatorBuilder(pmml).build();
        return new Subject(evaluator, () -> { });
    }

    private static Subject jar(Path path) throws Exception {
        JarLoader loader = new JarLoader(path);
        try {
            return new Subject(new ServiceLoadingModelEvaluatorBuilder().loadService(loader, null).build(), loader);
        } catch (Throwable refused) {
            loader.close();
            throw refused;
        }
    }
}
