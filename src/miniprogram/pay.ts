// Takes a payment in a mini program through Tenpay Global Checkout. Copy this file and global-payment.d.ts.
// It calls the merchant's own server only: an API key in a mini program is an API key in everybody's hands.

export interface Order {
  /** Letters, digits, `-` and `_`; one order, one payment method, one number. */
  orderNo: string
  region: string
  /** For the picker to show. What is to be paid is decided by the merchant's server. */
  amount: { total: number; currency: string }
}

/** What the merchant's server tells of a payment, in the merchant API's words. */
interface Payment {
  status?: 'CREATED' | 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'CLOSED' | 'EXPIRED'
  paymentId?: string
  prepayInfo?: string
}

/**
 * What the shopper is to be told.
 * NOT_CHOSEN: he closed the picker, there is no payment. NOT_STARTED: he was not asked to pay; the same order may be
 * paid again. CONFIRMING: he may have paid; keep the pay button away and call `confirm` when he comes back.
 */
export type News = 'NOT_CHOSEN' | 'NOT_STARTED' | 'CONFIRMING' | 'PAID' | 'NOT_PAID'

/** What the merchant plugs in. */
export interface Shop {
  /** The merchant's server: https, and one of the mini program's request domains. */
  server: string
  /** The signed-in shopper's session with that server. */
  session: string
  sandbox: boolean
  /** Ordinary WeChat Pay, from its own pre-order to `wx.requestPayment`. */
  payWithWeChatPay(orderNo: string): void | Promise<void>
  show(news: News): void
  /** For tests. */
  timing?: typeof TIMING
}

/** In milliseconds. */
const TIMING = {
  /** From the picker to requestGlobalPayment. Weixin's screen gives up after about 30 s. */
  start: 20_000,
  /** One request: longer than the 9 s in which our API gets an answer from Tenpay or gives up. */
  request: 11_000,
  pause: 2_000,
  polls: 10,
  poll: 3_000,
}

/** Takes the payment of an order, from the picker to what Tenpay says of it. */
export async function pay(order: Order, shop: Shop): Promise<void> {
  // Base libraries before 3.7.3 have no Global Checkout.
  if (typeof wx.createGlobalPayment !== 'function') return shop.payWithWeChatPay(order.orderNo)

  // Typed as a string. Production leaves it out, since the string 'false' would be true.
  const isSandbox = shop.sandbox ? { isSandbox: 'true' } : {}
  const checkout = wx.createGlobalPayment({ mchRegion: order.region, ...isSandbox })
  const methodKey = await pick(checkout, order)
  if (!methodKey) return shop.show('NOT_CHOSEN')
  if (methodKey === 'WECHAT_PAY') return shop.payWithWeChatPay(order.orderNo)

  const { status, paymentId, prepayInfo } = await start(order, methodKey, shop)
  if (status !== 'PENDING' || !paymentId || !prepayInfo) {
    checkout.abort().catch(() => undefined)
    return shop.show(settled(status) ?? 'NOT_STARTED')
  }
  // Success, failure, cancel: whatever it says, only Tenpay's answer to the server is believed.
  await checkout.requestGlobalPayment({ paymentId, prepayInfo }).catch(() => undefined)
  await confirm(order.orderNo, shop)
}

/** Says what became of a payment: after `pay`, and whenever the shopper comes back to an order that is CONFIRMING. */
export async function confirm(orderNo: string, shop: Shop): Promise<void> {
  const { polls, poll, request } = shop.timing ?? TIMING
  let news = settled((await ask(shop, 'POST', `/orders/${orderNo}/payment/sync`, request)).payment.status)
  if (!news) shop.show('CONFIRMING')
  for (let i = 0; !news && i < polls; i++) {
    await sleep(poll)
    news = settled((await ask(shop, 'GET', `/orders/${orderNo}/payment`, request)).payment.status)
  }
  if (news) shop.show(news)
}

/** The method chosen. A closed picker may be a rejection or an answer with an error number. */
async function pick(checkout: WechatMiniprogram.GlobalPayment, order: Order): Promise<string | undefined> {
  const picked: { errno?: number; methodKey?: string } = await checkout
    .openMethodPicker({ amount: order.amount, outTradeNo: order.orderNo })
    .catch(() => ({}))
  return picked.errno ? undefined : picked.methodKey
}

/** Asks for the payment, again while the outcome is unknown and time is left: a repeated order is the same payment. */
async function start(order: Order, methodKey: string, shop: Shop): Promise<Payment> {
  const timing = shop.timing ?? TIMING
  const end = Date.now() + timing.start
  for (let left = timing.start; left > 0; left = end - Date.now()) {
    const timeout = Math.min(left, timing.request)
    const { code, payment } = await ask(shop, 'POST', `/orders/${order.orderNo}/payment`, timeout, { methodKey })
    const refused = code === 502 || (code >= 400 && code < 500)
    // An answer may come late all the same: timers stand still while Weixin is in the background.
    if (refused || payment.prepayInfo || settled(payment.status)) return Date.now() < end ? payment : {}
    await sleep(timing.pause)
  }
  return {}
}

function settled(status: Payment['status']): News | undefined {
  if (status === 'SUCCEEDED') return 'PAID'
  return status === 'FAILED' || status === 'CLOSED' || status === 'EXPIRED' ? 'NOT_PAID' : undefined
}

/** `code` 0: no answer. */
function ask(
  shop: Shop,
  method: 'GET' | 'POST',
  path: string,
  timeout: number,
  data: object = {},
): Promise<{ code: number; payment: Payment }> {
  return new Promise(resolve =>
    wx.request<Payment>({
      url: shop.server + path,
      method,
      data,
      timeout,
      header: { Authorization: `Bearer ${shop.session}` },
      success: answer =>
        resolve({ code: answer.statusCode, payment: answer.statusCode < 300 ? answer.data : {} }),
      fail: () => resolve({ code: 0, payment: {} }),
    }),
  )
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
