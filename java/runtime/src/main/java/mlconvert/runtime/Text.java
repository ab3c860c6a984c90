package mlconvert.runtime;

/** Text out of models and data, made safe for one line of a message or for JSON. */
final class Text {
    private static final int LONGEST = 80;

    private Text() {
    }

    /** The value in quotes, on one line, cut where it is long. */
    static String quoted(Object value) {
        String text = String.valueOf(value);
        return json(text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...");
    }

    /** The text as a JSON string: control characters, quotes and line separators are escaped. */
    static String json(String text) {
        StringBuilder out = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (Character.isISOControl(c) || Character.isSurrogate(c) || Character.getType(c) == Character.FORMAT
                    || c == '\u2028' || c == '\u2029') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
