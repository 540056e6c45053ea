// The corpus where definitions are parsed in truth: without Node, and without eval.
import "./parse/corpus.test";
