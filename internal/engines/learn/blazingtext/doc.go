// Package blazingtext is the BlazingText algorithm in its mode "supervised": a classifier of texts, as fastText trains it
// (Joulin et al., Bag of Tricks for Efficient Text Classification, 2016). A text is the mean of the vectors of its words and word
// n-grams, a softmax over the labels follows.
// https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html
//
// A model is one file, model.bin, in fastText's own format, version 12. Models that fastText wrote are served too, with any of its
// losses and with subwords, unless they are quantised. A model's rows of n-grams that the training never met are zero and
// take no space on disk and in memory.
package blazingtext
