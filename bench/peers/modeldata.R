# A table of the R package modeldata as numbers: Rscript modeldata.R NAME TARGET writes CSV without a header, the target last
# (classes as 0, 1, …). Factors become indicator columns; dates and logicals are numbers. A missing number is the median of
# its column, a missing level is one of its own; rows without a target, columns that never vary and texts that are all
# different (names) are left out.
args <- commandArgs(trailingOnly = TRUE)
data(list = args[1], package = "modeldata")
table <- as.data.frame(get(args[1]))
table <- table[!is.na(table[[args[2]]]), ]
y <- table[[args[2]]]
table[[args[2]]] <- NULL

isName <- function(x) is.character(x) && !anyDuplicated(x)
columns <- lapply(table[!sapply(table, isName)], function(x) {
  if (is.factor(x) || is.character(x)) {
    x <- as.character(x)
    x[is.na(x)] <- "missing"
    outer(x, sort(unique(x)), "==") * 1
  } else {
    x <- as.numeric(x)
    x[is.na(x)] <- median(x, na.rm = TRUE)
    matrix(x)
  }
})
X <- do.call(cbind, columns)
X <- X[, apply(X, 2, function(x) any(x != x[1]))]
y <- if (is.numeric(y)) y else as.integer(factor(y)) - 1
write.table(cbind(X, y), sep = ",", row.names = FALSE, col.names = FALSE)
