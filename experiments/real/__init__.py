"""What the five scripts for real models share: options, banks, training through TRL and PEFT, results.

Takes: a Hugging Face folder (or a name in the local cache) and a bank of questions. Gives: a result folder with
`result.json` under a digest. Never: loads torch before it is needed, goes to the network unasked, or gives an interval
where one seed was run.
"""
