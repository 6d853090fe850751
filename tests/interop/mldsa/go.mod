module counterproof.invalid/interop

go 1.27
