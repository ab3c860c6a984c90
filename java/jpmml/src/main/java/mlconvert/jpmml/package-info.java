/** Runs JPMML for mlconvert, in a process of its own: converts to PMML, scores documents, transpiles them. Part of no jar that users get. */
package mlconvert.jpmml;
