package mlconvert.jpmml;

import com.google.gson.JsonObject;

/** What a refusal says. */
final class Reason {
    private Reason() {
    }

    /** The object that travels for it: {@code code}, {@code where} and {@code message}. */
    static JsonObject of(Throwable refused) {
        JsonObject told = new JsonObject();
        if (refused instanceof RefusedException) {
            RefusedException own = (RefusedException) refused;
            told.addProperty("code", own.code);
            told.addProperty("where", own.where);
            told.addProperty("message", own.getMessage());
        } else {
            told.addProperty("code", refused instanceof StackOverflowError ? "too-deep" : "jpmml-refused");
            told.addProperty("where", "");
            told.addProperty("message", chain(refused));
        }
        return told;
    }

    /** The exception and its causes, in one line: JPMML wraps what a user can act on. */
    private static String chain(Throwable refused) {
        StringBuilder told = new StringBuilder();
        Throwable cause = refused;
        for (int depth = 0; cause != null && depth < 4; depth++) {
            String message = cause.getMessage();
            boolean said = message != null && told.indexOf(message) >= 0;
            if (!said) {
                told.append(told.length() == 0 ? "" : "; ").append(cause.getClass().getSimpleName());
                told.append(message == null ? "" : ": " + message);
            }
            cause = cause.getCause();
        }
        return told.toString().replaceAll("\\s+", " ");
    }
}
