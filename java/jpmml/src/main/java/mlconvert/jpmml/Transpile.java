package mlconvert.jpmml;

import com.google.gson.JsonObject;
import com.sun.codemodel.CodeWriter;
import com.sun.codemodel.JCodeModel;
import com.sun.codemodel.JPackage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dmg.pmml.Model;
import org.dmg.pmml.ModelVerification;
import org.dmg.pmml.PMML;
import org.dmg.pmml.Row;
import org.jpmml.transpiler.Transpiler;

/**
 * PMML to classes, by JPMML's translator and javac.
 *
 * <p>{@code document}: the file. {@code digest}: hexadecimal digits that nothing in it holds. {@code type}: the full name of the class
 * that will be the document. {@code out}: a folder, in which {@code classes} and {@code sources} are made.
 *
 * <p>Answers with {@code java}, the version that compiled, and {@code interpreted}: why some model in the document is no code,
 * and the evaluator goes through its elements; empty where all are.
 */
final class Transpile implements Command {
    private static final String SOURCE = ".java";
    // A cell takes some 20 bytes of a method's 65,535.
    private static final int CELLS = 1024;

    @Override
    public JsonObject run(JsonObject request) throws Exception {
        Javac.compiler();
        PMML pmml = SafeXml.read(Path.of(request.get("document").getAsString()));
        Path out = Path.of(request.get("out").getAsString());
        lighten(pmml.getModels().get(0));
        Untranslated.keepApart(pmml);
        JsonObject answer = new JsonObject();
        answer.addProperty("java", System.getProperty("java.version"));
        answer.addProperty("interpreted", Untranslated.in(pmml));
        Aliases aliases = new Aliases(pmml, request.get("digest").getAsString());
        Map<String, byte[]> made = new Translation(request.get("type").getAsString()).files(pmml);
        List<Path> sources = write(made, aliases, out);
        Javac.compile(sources, out.resolve("classes"));
        return answer;
    }

    /**
     * Takes away what would only make the code of a method too long: reports on features, and golden rows beyond the first. Rows of
     * nothing but missing values, too, which the evaluator refuses.
     */
    private static void lighten(Model model) {
        model.requireMiningSchema().getExtensions().clear();
        ModelVerification verification = model.getModelVerification();
        if (verification != null) {
            int fields = Math.max(1, verification.requireVerificationFields().getVerificationFields().size());
            List<Row> rows = verification.requireInlineTable().getRows();
            rows.removeIf(row -> !row.hasContent());
            int kept = Math.min(rows.size(), Math.max(1, CELLS / fields));
            rows.subList(kept, rows.size()).clear();
            verification.setRecordCount(kept);
        }
    }

    /** Writes what was generated, its sources rewritten, beside each other: resources to the classes. */
    private static List<Path> write(Map<String, byte[]> made, Aliases aliases, Path out) throws IOException, RefusedException {
        Map<String, String> resources = new TreeMap<>();
        made.keySet().stream().filter(name -> !name.endsWith(SOURCE)).forEach(name -> resources.put(simple(name), simple(name)));
        Rewriting rewriting = new Rewriting(aliases, resources);
        List<Path> sources = new ArrayList<>();
        for (Map.Entry<String, byte[]> file : made.entrySet()) {
            if (file.getKey().endsWith(SOURCE)) {
                String source = rewriting.of(new String(file.getValue(), StandardCharsets.UTF_8));
                sources.add(put(out.resolve("sources").resolve(file.getKey()), source.getBytes(StandardCharsets.UTF_8)));
            }
        }
        for (Map.Entry<String, byte[]> file : made.entrySet()) {
            if (!file.getKey().endsWith(SOURCE)) {
                if (aliases.standIn(new String(file.getValue(), StandardCharsets.ISO_8859_1))) {
                    throw new RefusedException("untranslatable", "", "JPMML's translator keeps the name of a field where it cannot be read");
                }
                put(out.resolve("classes").resolve(file.getKey()).resolveSibling(resources.get(simple(file.getKey()))), file.getValue());
            }
        }
        return sources;
    }

    private static String simple(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    private static Path put(Path file, byte[] content) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.write(file, content);
    }

    /** What JPMML generates: {@code Transpiler.translate} is for subclasses. */
    private static final class Translation extends Transpiler {
        Translation(String type) {
            super(type);
        }

        @Override
        public PMML transpile(PMML pmml) {
            throw new UnsupportedOperationException();
        }

        /** The files by their paths. */
        Map<String, byte[]> files(PMML pmml) throws IOException {
            Map<String, ByteArrayOutputStream> made = new TreeMap<>();
            JCodeModel code = translate(pmml);
            code.build(new CodeWriter() {
                @Override
                public OutputStream openBinary(JPackage home, String name) {
                    ByteArrayOutputStream content = new ByteArrayOutputStream();
                    made.put(home.isUnnamed() ? name : home.name().replace('.', '/') + "/" + name, content);
                    return content;
                }

                @Override
                public void close() {
                }
            });
            Map<String, byte[]> files = new TreeMap<>();
            made.forEach((name, content) -> files.put(name, content.toByteArray()));
            return files;
        }
    }
}
