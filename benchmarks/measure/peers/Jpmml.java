import java.io.BufferedReader;
import java.io.File;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dmg.pmml.PMML;
import org.jpmml.evaluator.Evaluator;
import org.jpmml.evaluator.ServiceLoadingModelEvaluatorBuilder;
import org.jpmml.lightgbm.GBDT;
import org.jpmml.lightgbm.HasLightGBMOptions;
import org.jpmml.lightgbm.LightGBMUtil;
import org.jpmml.transpiler.FileTranspiler;

/**
 * The jar that JPMML transpiles from a binary LightGBM model, in a warm JVM.
 *
 * <p>java -cp the jars of sklearn2pmml, then those of jpmml-evaluator; Jpmml.java MODEL JAR ROWS COLUMNS. The jar is made where it is not there yet.
 * Its arguments are a map by name, made before the time is taken.
 */
public final class Jpmml {
    private static final int CHECKED = 64;

    public static void main(String[] arguments) throws Exception {
        File jar = new File(arguments[1]);
        if (!jar.exists()) {
            transpile(Path.of(arguments[0]), jar);
        }
        Evaluator evaluator = new ServiceLoadingModelEvaluatorBuilder().loadService(jar.toURI().toURL()).build();
        List<Map<String, Object>> rows = read(Path.of(arguments[2]), Integer.parseInt(arguments[3]));
        for (int i = 0; i < 5; i++) {
            oneRow(evaluator, rows);
        }
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(line.equals("check") ? check(evaluator, rows) : "" + oneRow(evaluator, rows));
        }
    }

    private static void transpile(Path model, File jar) throws Exception {
        GBDT gbdt;
        try (InputStream in = Files.newInputStream(model)) {
            gbdt = LightGBMUtil.loadGBDT(in);
        }
        PMML pmml = gbdt.encodePMML(Map.of(HasLightGBMOptions.OPTION_COMPACT, true), "target", null);
        new FileTranspiler(null, jar).transpile(pmml);
    }

    private static List<Map<String, Object>> read(Path file, int columns) throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Map<String, Object>> rows = new ArrayList<>();
        while (bytes.remaining() >= 8 * columns && rows.size() < 2000) {
            Map<String, Object> row = new HashMap<>();
            for (int column = 0; column < columns; column++) {
                double value = bytes.getDouble();
                row.put("x" + (char) ('a' + column / 26) + (char) ('a' + column % 26), Double.isNaN(value) ? null : value);
            }
            rows.add(row);
        }
        return rows;
    }

    private static double oneRow(Evaluator evaluator, List<Map<String, Object>> rows) {
        long[] taken = new long[rows.size()];
        for (int i = 0; i < taken.length; i++) {
            long start = System.nanoTime();
            evaluator.evaluate(rows.get(i));
            taken[i] = System.nanoTime() - start;
        }
        Arrays.sort(taken);
        return taken[taken.length / 2] / 1000.0;
    }

    private static String check(Evaluator evaluator, List<Map<String, Object>> rows) {
        List<String> found = new ArrayList<>();
        for (Map<String, Object> row : rows.subList(0, Math.min(CHECKED, rows.size()))) {
            found.add("" + evaluator.evaluate(row).get("probability(1)"));
        }
        return found.toString();
    }
}
