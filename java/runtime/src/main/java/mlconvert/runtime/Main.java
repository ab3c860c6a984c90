package mlconvert.runtime;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** The command line of a model's jar: {@code java -jar churn.jar < rows.csv > predictions.csv}. */
public final class Main {
    private static final String HELP = "usage: java -jar MODEL.jar [OPTION] < rows.csv\n\n"
            + "Scores CSV: a header with the names of the model's columns, in any order; an empty cell is missing.\n\n"
            + "  --margin     add the margins, which are the sums before the link\n"
            + "  --self-test  score the rows that the jar carries, and compare with the library that trained the model\n"
            + "  --bench      time them\n"
            + "  --schema     say what goes in and what comes out, as JSON\n"
            + "  --version    say which version wrote the jar\n"
            + "  --help       say this\n";
    private static final int BLOCK = 256;
    private static final int BENCH_ROWS = 10_000;

    private final OutputStream out;
    private final StringBuilder text = new StringBuilder();
    private Model model;
    private Schema schema;

    private Main(OutputStream out) {
        this.out = out;
    }

    /**
     * Runs the command, and leaves with 0, with 1 for what went wrong with the model or the rows, or with 2 for what is no command.
     *
     * @param args an option, or nothing
     */
    public static void main(String[] args) {
        int status = run(args, System.in, new FileOutputStream(FileDescriptor.out), System.err);
        if (status != 0) {
            System.exit(status);
        }
    }

    static int run(String[] args, InputStream in, OutputStream out, PrintStream err) {
        String option = String.join(" ", args);
        if (!option.isEmpty() && !(option.startsWith("--") && HELP.contains("\n  " + option + " "))) {
            err.println("error: " + Json.quoted(option) + " is no option; --help lists them");
            return 2;
        }
        try {
            Main main = new Main(out);
            main.run(option, in);
            main.flush();
            return 0;
        } catch (ModelException | IOException e) {
            String message = String.valueOf(e.getMessage());
            // a broken pipe: whoever reads the output has seen enough
            if (e instanceof ModelException || !message.contains("pipe")) {
                err.println("error: " + message);
            }
        }
        return 1;
    }

    private void run(String option, InputStream in) throws IOException {
        if (option.equals("--help")) {
            text.append(HELP);
        } else if (option.equals("--version")) {
            text.append("mlconvert ").append(Main.class.getPackage().getImplementationVersion()).append('\n');
        } else {
            model = Model.load();
            schema = model.schema();
            if (option.equals("--schema")) {
                text.append(schema).append('\n');
            } else if (option.equals("--self-test")) {
                text.append(golden().rows).append(" rows score as in the library that trained the model\n");
            } else if (option.equals("--bench")) {
                bench();
            } else {
                score(new Csv(in), !option.isEmpty());
            }
        }
    }

    private void flush() throws IOException {
        out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        out.flush();
        text.setLength(0);
    }

    // --- CSV -----------------------------------------------------------------------------------------

    private void score(Csv csv, boolean withMargins) throws IOException {
        List<Column> columns = schema.columns();
        int[] cell = header(csv, columns);
        int width = csv.cells;
        writeHeader(withMargins);
        double[] rows = new double[BLOCK * columns.size()];
        int n = 0;
        while (csv.next()) {
            if (csv.isBlank() && width > 1) {
                continue;
            }
            try {
                if (csv.cells != width) {
                    throw new ModelException(csv.cells + " cells instead of " + width);
                }
                for (int c = 0; c < cell.length; c++) {
                    double number = columns.get(c).isPlain() ? csv.number(cell[c]) : Double.NaN;
                    rows[n * cell.length + c] = number == number ? number : columns.get(c).parse(csv.text(cell[c]));
                }
            } catch (ModelException e) {
                throw new ModelException("line " + csv.line + ": " + e.getMessage());
            }
            if (++n == BLOCK || csv.waits()) {
                write(n == BLOCK ? rows : Arrays.copyOf(rows, n * cell.length), withMargins);
                n = 0;
            }
        }
        write(Arrays.copyOf(rows, n * cell.length), withMargins);
    }

    /** The cell of each column. */
    private int[] header(Csv csv, List<Column> columns) throws IOException {
        schema.requireDistinctNames();
        boolean any = csv.next();
        int[] cell = new int[columns.size()];
        for (int c = 0; c < cell.length; c++) {
            String name = columns.get(c).name();
            cell[c] = -1;
            for (int i = 0; any && i < csv.cells; i++) {
                if (csv.text(i).equals(name)) {
                    if (cell[c] >= 0) {
                        throw new ModelException("line 1: column " + Json.quoted(name) + ": it stands twice in the header");
                    }
                    cell[c] = i;
                }
            }
            if (cell[c] < 0) {
                throw new ModelException("line 1: " + new MissingColumnException(name).getMessage());
            }
        }
        return cell;
    }

    private void writeHeader(boolean withMargins) {
        boolean classifies = !schema.classes().isEmpty();
        names(classifies ? "probability" : "prediction", schema.predictions());
        if (classifies) {
            cell("label");
        }
        names("margin", withMargins ? schema.margins() : 0);
        endLine();
    }

    /** The name alone for one value that is no class's, else with the class or the number behind it. */
    private void names(String name, int count) {
        for (int k = 0; k < count; k++) {
            cell(count == 1 ? name : name + "(" + (schema.classes().isEmpty() ? k : schema.classes().get(k)) + ")");
        }
    }

    private void cell(Object value) {
        String cell = value.toString();
        boolean plain = true;
        for (int i = 0; i < cell.length(); i++) {
            plain &= ",\"\n\r".indexOf(cell.charAt(i)) < 0;
        }
        text.append(plain ? cell : "\"" + cell.replace("\"", "\"\"") + "\"").append(',');
    }

    private void endLine() {
        text.setCharAt(text.length() - 1, '\n');
    }

    private void write(double[] rows, boolean withMargins) throws IOException {
        int margins = schema.margins();
        int predictions = schema.predictions();
        double[] margin = model.marginBatch(rows, new double[rows.length / schema.columns().size() * margins]);
        double[] prediction = new double[predictions];
        for (int at = 0; at < margin.length; at += margins) {
            model.link.apply(margin, at, prediction, 0);
            numbers(prediction, 0, predictions);
            if (!model.classes().isEmpty()) {
                cell(model.classes().get(model.link.label(margin, at, prediction, 0)));
            }
            numbers(margin, at, withMargins ? margins : 0);
            endLine();
        }
        flush();
    }

    /** Numbers as Java writes them, which is enough digits to read the same number again. */
    private void numbers(double[] values, int from, int count) {
        for (int i = from; i < from + count; i++) {
            if (model.forest.header.sumsFloat) {
                text.append((float) values[i]).append(',');
            } else {
                text.append(values[i]).append(',');
            }
        }
    }

    // --- golden rows ---------------------------------------------------------------------------------

    private Golden golden() {
        if (model.selfTest() == 0) {
            throw new ModelException("the jar carries no rows to score");
        }
        return model.golden;
    }

    /** Times rows whose every value comes from some golden row: values as in life, and no row that a branch predictor knows. */
    private void bench() {
        Golden golden = golden();
        int columns = schema.columns().size();
        double[] rows = new double[BENCH_ROWS * columns];
        Random random = new Random(1);
        for (int i = 0; i < rows.length; i++) {
            rows[i] = golden.x[random.nextInt(golden.rows) * columns + i % columns];
        }
        double[] row = new double[columns];
        double[] out = new double[BENCH_ROWS * schema.predictions()];
        long[] single = new long[BENCH_ROWS];
        long[] batch = new long[15];
        long warm = System.nanoTime() + 2_000_000_000L;
        for (int round = 0; round < batch.length || System.nanoTime() < warm; round++) {
            long start = System.nanoTime();
            model.predictBatch(rows, out);
            batch[round % batch.length] = System.nanoTime() - start;
            for (int i = 0; i < BENCH_ROWS; i++) {
                System.arraycopy(rows, i * columns, row, 0, columns);
                start = System.nanoTime();
                model.predict(row, out);
                single[i] = System.nanoTime() - start;
            }
        }
        Arrays.sort(single);
        Arrays.sort(batch);
        text.append("one row: p50 ").append(single[BENCH_ROWS / 2]).append(" ns, p99 ").append(single[BENCH_ROWS * 99 / 100])
                .append(" ns, some 20 of them the clock's\nbatch of ").append(BENCH_ROWS).append(" rows: ")
                .append(batch[batch.length / 2] / BENCH_ROWS).append(" ns a row, ")
                .append(BENCH_ROWS * 1_000_000_000L / batch[batch.length / 2]).append(" rows a second, in one thread\n");
    }
}
