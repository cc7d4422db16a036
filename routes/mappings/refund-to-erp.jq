# A refund as the API shows it, as it was when the event happened -> the body that the ERP is sent.
{
  type: variable("eventType"),
  timestamp: variable("eventTime"),
  data: .
}
