# A notification's envelope (W3) -> what it is about, and its resource: `sealed` when encrypted, `plain` when not.
def about: {"PAYMENT": "payments", "REFUND": "refunds"}[split(".")[0] // ""];
(if type == "object" then . else {} end)
| {
    createdAt: (.create_time | if type == "string" and length <= 64 then . else null end),
    about: (.event_type | if type == "string" then about else null end),
    status: (.event_type | if type == "string" then split(".")[1] else null end)
  }
  + if .resource_type == "plain" then {plain: .resource}
    elif .resource_type == "encrypt-resource" and (.resource | type) == "object" and .resource.algorithm == "AEAD_AES_256_GCM" then
      {sealed: (.resource | {ciphertext, nonce, associatedData: (.associated_data // "")})}
    else {} end
