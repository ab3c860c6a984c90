import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jpmml.evaluator.EvaluatorUtil;
import org.jpmml.evaluator.ModelEvaluator;
import org.jpmml.evaluator.ServiceLoadingModelEvaluatorBuilder;

/** Asks the model of the jar that is on the class path: each row of a CSV file is a request, with its values by name. */
public final class Service {
    private static final ModelEvaluator<?> MODEL =
            new ServiceLoadingModelEvaluatorBuilder().loadService(Service.class.getClassLoader(), null).build();

    private static Map<String, Object> request(List<String> names, String line) {
        String[] cells = line.split(",", -1);
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < cells.length; i++) {
            if (!cells[i].isEmpty()) {
                values.put(names.get(i), cells[i]);
            }
        }
        return values;
    }

    public static void main(String[] args) throws IOException {
        MODEL.verify();
        try (BufferedReader rows = Files.newBufferedReader(Path.of(args[0]))) {
            List<String> names = List.of(rows.readLine().split(","));
            List<Object> answers = rows.lines().collect(Collectors.toList()).parallelStream()
                    .map(line -> MODEL.evaluate(request(names, line)))
                    .map(results -> EvaluatorUtil.decodeAll(results).get("probability(1)"))
                    .collect(Collectors.toList());
            answers.forEach(System.out::println);
        }
    }
}
