// What miniprogram-api-typings 5.2.3 leaves out of Global Checkout. Delete this file once the typings have it.
declare namespace WechatMiniprogram {
  interface OpenMethodPickerOption {
    /** On the public page of openMethodPicker: tells orders apart. */
    outTradeNo?: string
  }
}
