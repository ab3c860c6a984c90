package mlconvert.jpmml;

import java.util.regex.Pattern;

/**
 * Lets generated code answer that a result is missing, as the evaluator does that goes through the document.
 *
 * <p>JPMML's translator has trees answer null for it, and then asks null for its value. What is not found here stays as it is: it throws
 * where a result is missing, and answers nothing wrong.
 */
final class MissingResults {
    // Whole statements, as the code model writes them: a literal never holds a line's end.
    private static final Pattern REGRESSION = Pattern.compile("(?m)^( +return Collections\\.singletonMap\\(.*, )(value)\\.getValue\\(\\)\\);$");
    private static final Pattern CLASSIFICATION = Pattern.compile("(?m)^( +)(TargetUtil\\.computeResult\\([\\w.]+, (\\w+)\\);)$");
    private static final Pattern CHAIN = Pattern.compile("(?m)^( +)(Value<V> (value\\$\\d+) = \\w+\\$\\d+\\(valueFactory, arguments\\);)$");

    private MissingResults() {
    }

    static String allowed(String source) {
        String made = REGRESSION.matcher(source).replaceAll("$1(($2 == null)?null:$2.getValue()));");
        made = CLASSIFICATION.matcher(made).replaceAll("$1if ($3 != null) {\n$1    $2\n$1}");
        return CHAIN.matcher(made).replaceAll("$1$2\n$1if ($3 == null) {\n$1    return null;\n$1}");
    }
}
