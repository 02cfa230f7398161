// Package kmeans is the K-Means algorithm. It goes over the data in mini-batches with more centres than are wanted, as in web-scale
// k-means (Sculley, 2010), merges them to k with Lloyd's procedure from k-means++ starts, and ends with Lloyd's procedure over
// the data itself.
// https://docs.aws.amazon.com/sagemaker/latest/dg/k-means.html
//
// A model is model.json, {"algorithm":"kmeans","version":1,"k":…,"feature_dim":…}, and model.f32, the centres row by row as
// little-endian float32.
package kmeans
